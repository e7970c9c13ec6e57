"""Deciding on a disclosure: one person asks for it, another approves, and only then it goes."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from uuid import UUID, uuid4

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid, Missing, NotAllowed
from mailing.people import profile
from mailing.people.subscribers import Personal, Sealer, Subscriber
from mailing.requests import remarks
from mailing.requests.disclosures import state
from mailing.requests.disclosures.state import DisclosedPerson, Disclosure, Grounds, State
from mailing.staff import audit
from mailing.staff.audit import Actor
from mailing.staff.permissions import Act, demand

FIELDS = (*(one.name for one in fields(Personal)), "language", "consents", "messages")
LONGEST = 1000
MOST_PEOPLE = 1000


@dataclass(frozen=True)
class Wish:
    """What somebody asks to disclose: on which ground, which fields, whose (by their addresses)."""

    grounds: Grounds
    fields: tuple[str, ...]
    addresses: tuple[str, ...]


def ask(wish: Wish, actor: Actor) -> Disclosure:
    """Ask for a disclosure; nothing goes out. Raises Invalid with the field, Missing for nobody."""
    demand(actor.role, Act.EXPORT_PEOPLE)
    _demand_grounds(wish.grounds)
    chosen = _fields(wish.fields)
    people = _people(wish.addresses)
    _demand_unnamed(wish.grounds, people)
    number, sealer, said = uuid4(), Sealer(), dict(vars(wish.grounds))
    reason = {"reason": said.pop("reason")}
    asked = Disclosure(
        id=number,
        state=State.ASKED.value,
        sealed=sealer.seal(said, number.bytes),
        reason=sealer.seal(reason, number.bytes),
        fields=chosen,
        asked_by=actor.name,
        rows=len(people),
        created_at=clock.now(),
    )
    db.session.add(asked)
    db.session.flush()
    db.session.add_all(DisclosedPerson(disclosure_id=number, subscriber_id=one) for one in people)
    _record(asked, actor, "disclosure asked for")
    return asked


def approve(disclosure_id: UUID, actor: Actor) -> Disclosure:
    """Say yes to it. Raises NotAllowed for whoever asked for it, Conflict once it is decided."""
    return _decide(disclosure_id, State.APPROVED, actor)


def refuse(disclosure_id: UUID, actor: Actor) -> Disclosure:
    """Say no to it; nothing will go. Raises as `approve` does."""
    return _decide(disclosure_id, State.REFUSED, actor)


def _decide(disclosure_id: UUID, to: State, actor: Actor) -> Disclosure:
    demand(actor.role, Act.EXPORT_PEOPLE)
    asked = state.lock(disclosure_id)
    if asked.state != State.ASKED:
        raise Conflict("This disclosure is decided already.")
    if asked.asked_by == actor.name:
        raise NotAllowed("Somebody else has to decide this: nobody approves their own wish.")
    asked.state, asked.decided_by, asked.decided_at = to.value, actor.name, clock.now()
    _record(asked, actor, f"disclosure {to.value}")
    return asked


def _demand_grounds(grounds: Grounds) -> None:
    for name, said in vars(grounds).items():
        if not said.strip():
            raise Invalid(f"Say the {name} of this disclosure.", name)
        if len(said) > LONGEST or "\0" in said:
            raise Invalid(f"The {name} has at most {LONGEST} characters.", name)


def _demand_unnamed(grounds: Grounds, people: Iterable[UUID]) -> None:
    """The law and the authority stay when the data of these people have gone."""
    for one in people:
        person = db.session.get_one(Subscriber, one)
        for name in ("basis", "authority"):
            remarks.clean(getattr(grounds, name), person, name, LONGEST)


def _fields(asked: Iterable[str]) -> list[str]:
    """The fields in our order; only those that the law's demand names go out."""
    wished = set(asked)
    if not wished or wished - set(FIELDS):
        raise Invalid(f"Name the fields that are demanded: {', '.join(FIELDS)}.", "fields")
    return [one for one in FIELDS if one in wished]


def _people(addresses: Iterable[str]) -> list[UUID]:
    named = [one.strip() for one in addresses if one.strip()]
    if not 0 < len(named) <= MOST_PEOPLE:
        raise Invalid(f"Name the people by their addresses, {MOST_PEOPLE} at most.", "people")
    return sorted({_person(one) for one in named})


def _person(address: str) -> UUID:
    try:
        return profile.sought(address)[0].id
    except Missing:
        raise Invalid(f"Nobody is known by the address {address}.", "people") from None
    except Invalid:
        raise Invalid(f"{address} is no e-mail address.", "people") from None


def _record(asked: Disclosure, actor: Actor, action: str) -> None:
    told = {"fields": asked.fields, "rows": asked.rows}
    audit.record(actor, action, f"disclosure {asked.id}", **told)
