"""The plan of a destruction: what goes, what stays, what stands in its way, and what comes next."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from mailing.requests import (
    certificates,
    certifying,
    destructions,
    erasing,
    granting,
    holds,
    staying,
    sweeping,
    whose,
)
from mailing.requests.certificates import Certificate
from mailing.requests.destructions import Destruction, State
from mailing.requests.holds import LegalHold
from mailing.requests.kinds import State as Stands
from mailing.requests.requests import Request
from mailing.requests.whose import Person
from mailing.staff.audit import Actor


class Next(StrEnum):
    """What an officer can do now."""

    NOBODY = "nobody"
    IDENTIFY = "identify"
    DECIDE = "decide"
    ANOTHER = "another"
    APPROVE = "approve"
    COOL = "cool"
    DESTROY = "destroy"
    WAIT = "wait"
    DONE = "done"
    CLOSED = "closed"


@dataclass(frozen=True)
class Plan:
    """`goes` are rows by table, without what a hold keeps; `beside` the numbers of their other
    requests that nobody could answer afterwards."""

    next: Next
    found: Destruction | None
    goes: dict[str, int]
    stays: list[dict[str, Any]]
    outside: list[dict[str, str]]
    holds: list[LegalHold]
    beside: list[str]
    certificates: list[Certificate]

    @property
    def rows(self) -> int:
        return sum(self.goes.values())

    @property
    def is_held(self) -> bool:
        """Whether a hold keeps everything."""
        return any(not one.kept for one in self.holds)


def of(request: Request, actor: Actor) -> Plan:
    """What would happen, or has happened, about a request. Changes nothing."""
    found = destructions.of_request(request.id)
    who = whose.person(request.subscriber_id) if request.subscriber_id else None
    return Plan(
        next=_next(request, found, actor),
        found=found,
        goes=_goes(who) if who else {},
        stays=staying.told(who) if who else [],
        outside=certifying.outside(),
        holds=holds.of(who.id) if who else [],
        beside=sweeping.waiting_beside(found) if found else [],
        certificates=certificates.of_destruction(found.id) if found else [],
    )


def _goes(who: Person) -> dict[str, int]:
    kept = holds.keeping(who.id)
    return {name: rows for name, rows in erasing.counts(who).items() if name not in kept}


def _next(request: Request, found: Destruction | None, actor: Actor) -> Next:
    if request.subscriber_id is None:
        return Next.NOBODY
    if found is None:
        return _first(request, request.subscriber_id)
    if found.state != State.DECIDED:
        return Next.DONE if found.state == State.DONE else Next.WAIT
    if granting.is_short_of_approval(found):
        return Next.ANOTHER if found.decided_by == actor.name else Next.APPROVE
    return Next.COOL if found.is_cooling else Next.DESTROY


def _first(request: Request, subscriber_id: UUID) -> Next:
    """While nothing is decided."""
    if request.state == Stands.CLOSED:
        return Next.CLOSED
    return Next.DECIDE if granting.is_theirs(request, subscriber_id) else Next.IDENTIFY
