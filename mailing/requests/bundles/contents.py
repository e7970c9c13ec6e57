"""What stands in a bundle, before it is written: sections, tables, consents, messages, letters."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import KelisimError, Missing
from mailing.base.settings import current
from mailing.campaigns import campaigns
from mailing.deliveries import drafts, samples
from mailing.deliveries.deliveries import Delivery, State
from mailing.people import ledger, profile
from mailing.people.subscribers import Subscriber
from mailing.requests import held, whose
from mailing.requests.bundles import rows
from mailing.requests.bundles.columns import LEFT_OUT
from mailing.requests.bundles.rows import Kept, LeftOut

Fact = dict[str, Any]
# Hears how many of how many steps are done.
Tell = Callable[[int, int], None]

SECTIONS: dict[str, Callable[[Subscriber], Any]] = {
    "person": held.person,
    "topics": held.on_topics,
    "forms": held.forms,
    "not_sent": held.considered,
    "receipts": held.receipts,
    "choices": held.chosen,
    "corrections": held.corrected,
    "address_changes": held.moves,
}
_WAS_SENT = (State.ACCEPTED, State.REFUSED, State.UNCERTAIN, State.SEALED)
MOST_RENDERED = 2000


@dataclass
class Contents:
    """Everything about one person. `letters` and `mails` are whole messages by the name of their
    file; `left_out` says what is not shown, and why."""

    subscriber: Subscriber
    made_at: datetime
    sections: Fact = field(default_factory=dict)
    consents: list[Fact] = field(default_factory=list)
    messages: list[Fact] = field(default_factory=list)
    tables: dict[str, list[Kept]] = field(default_factory=dict)
    letters: dict[str, bytes] = field(default_factory=dict)
    mails: dict[str, bytes] = field(default_factory=dict)

    @property
    def left_out(self) -> list[Fact]:
        """Rows that are not shown, then the columns that never are."""
        some = [
            {"what": one.part, "why": one.left_out}
            for kept in self.tables.values()
            for one in kept
            if one.left_out is not None
        ]
        always = [{"what": name, "why": why} for why, names in LEFT_OUT.items() for name in names]
        return [*some, *sorted(always, key=lambda one: str(one["what"]))]

    def document(self) -> Fact:
        """All of it as plain shapes, for `data.json`."""
        settings = current()
        return {
            "made_at": self.made_at,
            "operator": {
                "name": settings.operator_name,
                "bin": settings.operator_bin,
                "address": settings.operator_address,
                "contact": settings.helpdesk_address,
            },
            **self.sections,
            "consents": self.consents,
            "messages": self.messages,
            "letters": sorted(self.letters),
            "tables": {name: [one.values for one in kept] for name, kept in self.tables.items()},
            "left_out": self.left_out,
        }


def of(subscriber_id: UUID, left_out: LeftOut, tell: Tell) -> Contents:
    """Read everything. Raises Missing for nobody, and for whom nothing is held any more."""
    who = whose.person(subscriber_id)
    subscriber = db.session.get_one(Subscriber, subscriber_id)
    if subscriber.personal is None:
        raise Missing("Nothing that names this person is held any more.")
    contents = Contents(subscriber, clock.now())
    steps = list(_steps(contents, who, left_out))
    for number, step in enumerate(steps, 1):
        step()
        tell(number, len(steps) + 1)
    return contents


def _steps(
    contents: Contents, who: whose.Person, left_out: LeftOut
) -> Iterator[Callable[[], None]]:
    """One small piece of reading after another."""
    for table in rows.tables():
        yield lambda table=table: _read(contents, table, who, left_out)  # type: ignore[misc]
    for name in SECTIONS:
        yield lambda name=name: _tell(contents, name)  # type: ignore[misc]
    yield lambda: _say(contents)
    yield lambda: _list(contents)


def _read(contents: Contents, table: str, who: whose.Person, left_out: LeftOut) -> None:
    kept = list(rows.of(table, who, left_out))
    contents.tables[table] = kept
    if table == "inbound_messages":
        for one in kept:
            _set_apart(contents, one)


def _set_apart(contents: Contents, one: Kept) -> None:
    """A letter is a file of its own, as it was written; its row names the file."""
    if one.left_out is None:
        name = f"letters/{one.values['id']}.eml"
        contents.letters[name] = one.values["sealed"]
        one.values["sealed"] = name


def _tell(contents: Contents, name: str) -> None:
    contents.sections[name] = SECTIONS[name](contents.subscriber)


def _say(contents: Contents) -> None:
    """Each entry with the exact words, in the language that they were shown in."""
    entries = ledger.history(contents.subscriber.id)
    contents.consents = [_without_staff(profile.told(entry)) for entry in entries]


def _without_staff(told: Fact) -> Fact:
    """Staff are third persons: that one of them did it is told, and not which."""
    ours = told["actor"] in ("subscriber", "kelisim")
    body = {name: value for name, value in told["evidence"].items() if name != "attested_by"}
    return told | {"actor": told["actor"] if ours else "staff", "evidence": body}


def _list(contents: Contents) -> None:
    """Every message with its outcome; what was sent of campaigns, as it reads."""
    files = dict(_rendered(contents))
    contents.messages = [
        one | {"file": files.get(one["message_id"].partition("@")[0])}
        for one in held.messages(contents.subscriber)
    ]


def _rendered(contents: Contents) -> Iterator[tuple[str, str]]:
    query = select(Delivery).where(
        Delivery.subscriber_id == contents.subscriber.id,
        Delivery.campaign_id.is_not(None),
        Delivery.state.in_([one.value for one in _WAS_SENT]),
    )
    newest = query.order_by(Delivery.created_at.desc()).limit(MOST_RENDERED)
    for delivery in db.session.scalars(newest):
        raw = _mail(delivery, contents.subscriber)
        if raw is not None:
            name = f"messages/{delivery.id.hex}.eml"
            contents.mails[name] = raw
            yield delivery.id.hex, name


def _mail(delivery: Delivery, subscriber: Subscriber) -> bytes | None:
    """The message once more from the same content; its links belong to nobody."""
    try:
        campaign = campaigns.find(delivery.campaign_id or 0)
        reader = samples.person(subscriber.id, campaign)
        return drafts.preview_for(campaign, subscriber.language, reader).raw if reader else None
    except KelisimError:
        return None
