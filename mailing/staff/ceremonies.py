"""Ceremonies: a passkey is registered, a passkey lets its person in.

Each has two steps (W3C, Web Authentication Level 2, section 7): what the browser asks the device,
and what the device made of it. Whose passkey it is, what was asked and whether the device's counter
goes on is judged here. A "no" is a value and no error: what it used up stays used up.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from webauthn.helpers.structs import AuthenticationCredential

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict
from mailing.staff import audit, authenticators, challenges, passkeys, relying, second_factor, staff
from mailing.staff.audit import Actor
from mailing.staff.authenticators import Options
from mailing.staff.challenges import Purpose
from mailing.staff.passkeys import Passkey
from mailing.staff.staff import Role, Staff


class Refusal(StrEnum):
    """Why an answer was not taken."""

    OVER = "asked too long ago, or answered already"
    UNKNOWN = "no passkey of this person"
    WRONG = "not what was asked, or not signed by it"
    BACK = "its counter went back"
    TAKEN = "registered already"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the browser has to be told, as JSON, and the number of the challenge in it."""

    challenge_id: UUID
    options: Options


@dataclass(frozen=True, slots=True)
class Added:
    """A new passkey, and the recovery codes where it is somebody's first second factor."""

    passkey: Passkey
    codes: list[str]


def begin_registration(person: Staff, name: str) -> Asked:
    """Ask for a new passkey; raises Conflict where browsers allow none, or there are many, and
    Invalid for a name that could not be kept once the device has made it."""
    home, _ = relying.demand_home(), passkeys.named(name)
    if len(passkeys.of(person)) >= passkeys.MOST:
        raise Conflict("You have as many passkeys as there may be; remove one first.")
    challenge = challenges.ask(person, Purpose.REGISTER)
    return Asked(challenge.id, authenticators.asked_to_make(person, challenge, home))


def finish_registration(
    person: Staff, challenge_id: UUID | None, answer: str, name: str
) -> Added | Refusal:
    """Keep the passkey that was made, and end every login; raises Invalid for an unusable name."""
    home, name = relying.demand_home(), passkeys.named(name)
    person = staff.lock(person.id)
    challenge = challenges.take(challenge_id, person, Purpose.REGISTER)
    if challenge is None:
        return Refusal.OVER
    made = authenticators.made(answer, challenge, home)
    if made is None:
        return Refusal.WRONG
    if passkeys.by_credential(made.credential_id):
        return Refusal.TAKEN
    return _added(person, made, name)


def begin_login(person: Staff) -> Asked:
    """Ask for a passkey of theirs; raises Conflict where they have none, or browsers allow none."""
    home = relying.demand_home()
    if not passkeys.has_any(person):
        raise Conflict("You have no passkey; enter a code.")
    challenge = challenges.ask(person, Purpose.LOG_IN)
    return Asked(challenge.id, authenticators.asked_to_sign(person, challenge, home))


def finish_login(person: Staff, challenge_id: UUID | None, answer: str) -> Passkey | Refusal:
    """The passkey that lets its person in. The row is locked: of two answers one is taken."""
    home, person = relying.demand_home(), staff.lock(person.id)
    challenge = challenges.take(challenge_id, person, Purpose.LOG_IN)
    if challenge is None:
        return Refusal.OVER
    said = authenticators.read(answer)
    passkey = _theirs(person, said)
    if said is None or passkey is None:
        return Refusal.UNKNOWN
    count = authenticators.signed_count(said, challenge, home, passkey)
    return Refusal.WRONG if count is None else _used(person, passkey, count)


def rename(person: Staff, passkey_id: int, name: str) -> None:
    """Another name for a passkey of theirs; raises as `passkeys.rename` does."""
    passkeys.rename(person, passkey_id, name)
    audit.record(_oneself(person), "passkey renamed", person.name, passkey=passkey_id)


def remove(person: Staff, passkey_id: int) -> None:
    """This passkey lets nobody in any more, and every login ends; raises Missing."""
    person = staff.lock(person.id)
    second_factor.remove_passkey(person, passkey_id)
    audit.record(_oneself(person), "passkey removed", person.name, passkey=passkey_id)


def _added(person: Staff, made: Passkey, name: str) -> Added:
    had_one = second_factor.is_on(person)
    made.staff_id, made.name = person.id, name
    db.session.add(made)
    db.session.flush()
    audit.record(_oneself(person), "passkey added", person.name, passkey=made.id)
    return Added(made, second_factor.set_up(person, had_one))


def _theirs(person: Staff, said: AuthenticationCredential | None) -> Passkey | None:
    """The passkey that is meant, where it is this person's and its device files it under them."""
    passkey = passkeys.by_credential(said.raw_id) if said else None
    if said is None or passkey is None or passkey.staff_id != person.id:
        return None
    is_ours = said.response.user_handle in (None, b"", authenticators.handle_of(person))
    return passkey if is_ours else None


def _used(person: Staff, passkey: Passkey, count: int) -> Passkey | Refusal:
    """A counter that does not go on tells of a copy (6.1.1). A device that counts not says 0."""
    kept = passkey.sign_count
    if (count or kept) and count <= kept:
        numbers = {"passkey": passkey.id, "kept": kept, "came": count}
        audit.record(_oneself(person), "passkey counter went back", person.name, **numbers)
        return Refusal.BACK
    passkey.sign_count, passkey.last_used_at = count, clock.now()
    db.session.flush()
    return passkey


def _oneself(person: Staff) -> Actor:
    return Actor(person.name, Role(person.role))
