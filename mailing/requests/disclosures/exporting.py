"""Exporting a disclosure: the fields that were demanded, of the people who were named, no more."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any
from uuid import UUID

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import NotAllowed
from mailing.base.sheets import sheet
from mailing.people import ledger, profile
from mailing.people.subscribers import Subscriber, personal_of
from mailing.requests import held
from mailing.requests.disclosures import state
from mailing.requests.disclosures.state import Disclosure, State
from mailing.staff import audit
from mailing.staff.audit import Actor
from mailing.staff.permissions import Act, demand

_GOES = (State.APPROVED, State.EXPORTED)


def export(disclosure_id: UUID, actor: Actor) -> tuple[Disclosure, str]:
    """The sheet that goes to the authority; that it went is written down for each person. Raises
    NotAllowed while nobody has approved it."""
    demand(actor.role, Act.EXPORT_PEOPLE)
    asked = state.lock(disclosure_id)
    if asked.state not in _GOES:
        raise NotAllowed("A second person has to approve this disclosure before anything goes out.")
    people = state.people_of(asked.id)
    written = sheet(["number", *asked.fields], [_row(one, asked.fields) for one in people])
    asked.state, asked.exported_by = State.EXPORTED.value, actor.name
    asked.exported_at, asked.sha256 = clock.now(), sha256(written.encode()).hexdigest()
    _record(asked, actor, people)
    return asked, written


def _row(subscriber_id: UUID, fields: list[str]) -> list[str]:
    person = db.session.get_one(Subscriber, subscriber_id)
    personal = personal_of(person)
    named = personal.as_dict() if personal else {}
    return [
        str(subscriber_id),
        *(_MORE[one](person) if one in _MORE else named.get(one, "") for one in fields),
    ]


def _consents(person: Subscriber) -> str:
    """Each entry of the ledger in a line: when, what, on which topic."""
    told = [profile.told(entry) for entry in ledger.history(person.id)]
    return _lines(f"{one['at'].isoformat()} {one['kind']} {one['topic']}" for one in told)


def _messages(person: Subscriber) -> str:
    """Each message in a line: when, what kind, what became of it."""
    return _lines(
        f"{one['at'].isoformat()} {one['kind']} {one['state']}" for one in held.messages(person)
    )


def _lines(said: Any) -> str:
    return "\n".join(said)


_MORE: dict[str, Callable[[Subscriber], str]] = {
    "language": lambda person: person.language,
    "consents": _consents,
    "messages": _messages,
}


def _record(asked: Disclosure, actor: Actor, people: list[UUID]) -> None:
    told = {"fields": asked.fields, "rows": len(people), "sha256": asked.sha256}
    audit.record(actor, "disclosure exported", f"disclosure {asked.id}", **told)
    for one in people:
        audit.record(actor, "data disclosed", f"subscriber {one}", disclosure=str(asked.id))
