"""A yes that a new policy version overtook: asked under one, given while another was in force.

What was shown is what was agreed to, so the yes points at the earlier version and covers no more
than that one declares; the evidence says so in words.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from mailing.base.languages import date_text, time_text
from mailing.base.languages import gettext as _
from mailing.base.settings import current
from mailing.people import optins
from mailing.people.ledger import Entry, Kind
from mailing.people.optins import OptIn
from mailing.policies import history, versions
from mailing.policies.versions import PolicyVersion


@dataclass(frozen=True)
class Overtaken:
    """The version that was shown, when, and the one in force when the yes came, since when."""

    shown: str
    shown_at: datetime
    in_force: str
    since: date

    def sentence(self) -> str:
        """The same in the language spoken."""
        return _(
            "Agreed to version %(shown)s, shown on %(at)s, while version %(later)s had been in "
            "force since %(since)s."
        ) % {
            "shown": self.shown,
            "at": time_text(self.shown_at, current().time_zone),
            "later": self.in_force,
            "since": date_text(self.since),
        }


def of_entry(entry: Entry, body: dict[str, Any]) -> Overtaken | None:
    """What overtook this entry, where it is a yes to a request and something did."""
    is_yes = entry.kind == Kind.GIVEN and "optin" in body
    optin = optins.find(UUID(body["optin"])) if is_yes else None
    later = by_then(optin, entry.at) if optin else None
    if optin is None or later is None:
        return None
    shown = versions.find(optin.policy_id).label
    return Overtaken(shown, optin.created_at, later.label, history.began(later))


def by_then(optin: OptIn, moment: datetime) -> PolicyVersion | None:
    """The version in force at that moment, where it is another than the request was made under."""
    then = history.in_force_at(moment)
    return then if then is not None and then.id != optin.policy_id else None
