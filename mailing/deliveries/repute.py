"""Repute: whether answers are read, and how many complain about what we send.

Mailbox providers judge a sender by its complaints: Gmail wants less than one in a thousand, and
turns mail away from three in a thousand on.
"""

import re
from collections.abc import Iterator
from email.utils import parseaddr

from mailing.base.languages import gettext as _
from mailing.base.languages import number_text
from mailing.base.settings import Settings, current
from mailing.campaigns.campaigns import Campaign, Kind
from mailing.deliveries import health
from mailing.deliveries.checks import Check, Fix, Level
from mailing.deliveries.health import Share

# One complaint among two hundred people is half a per cent, and says nothing yet.
FEWEST_READERS = 1000

_NOBODY = re.compile(
    r"(?:(?:no|not|do[-_.]?not|dont|never)[-_.]?(?:reply|respond|answer)|mailer-daemon"
    r"|(?:ne|net)[-_.]?otv\w*)(?:[-_.+]?\w+)*",
    re.IGNORECASE,
)


def of_answers(settings: Settings) -> Check:
    """Whether somebody reads what people answer."""
    title = _("Answers")
    sender = parseaddr(settings.from_)[1]
    if _NOBODY.fullmatch(sender.rpartition("@")[0]):
        detail = _(
            "Whoever answers writes to %(address)s, where nobody reads: set KELISIM_FROM to a"
            " mailbox that somebody reads.",
            address=sender,
        )
        return Check("answers", Level.WARN, title, detail, Fix.SETTINGS)
    detail = _("Whoever answers writes to: %(address)s.", address=sender)
    return Check("answers", Level.FINE, title, detail)


def of_complaints(campaign: Campaign) -> Iterator[Check]:
    """How many of thirty days' readers complained. A notice is owed all the same."""
    found, title = health.complaints(), _("Complaints")
    if not found.number:
        detail = _("Nobody complained about what began within thirty days.")
        yield Check("complaints", Level.FINE, title, detail)
        return
    level = _level(found, campaign)
    detail = _told(found)
    if level is Level.STOP:
        detail = f"{detail} " + _(
            "No campaign leaves until it is below %(limit)s %%; KELISIM_COMPLAINTS_STOP sets that"
            " limit.",
            limit=number_text(current().complaints_stop),
        )
    yield Check("complaints", level, title, detail, Fix.HEALTH)


def _level(found: Share, campaign: Campaign) -> Level:
    limit = current().complaints_stop
    is_trouble = bool(limit) and found.value >= limit and found.whole >= FEWEST_READERS
    if is_trouble and campaign.kind == Kind.CAMPAIGN:
        return Level.STOP
    return Level.WARN if found.value >= found.limit else Level.FINE


def _told(found: Share) -> str:
    return _(
        "Complaints within thirty days: %(share)s %% (%(number)s of %(whole)s). Below %(limit)s %%"
        " is good; from %(trouble)s %% on providers turn mail away.",
        share=number_text(found.value),
        number=found.number,
        whole=found.whole,
        limit=number_text(found.limit),
        trouble=number_text(found.trouble),
    )
