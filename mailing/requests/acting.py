"""What staff do with a request: take it, say what it is, close it, take it up again."""

from dataclasses import dataclass

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid, Missing
from mailing.people.subscribers import Sealer
from mailing.requests import acknowledging, due, timeline
from mailing.requests.kinds import UNSPOKEN, Happened, Kind, Resolution, State
from mailing.requests.requests import Request, lock, of_message
from mailing.staff import audit
from mailing.staff.audit import Actor
from mailing.staff.permissions import Act, may
from mailing.staff.staff import Staff

LONGEST_REASON = 2000


@dataclass(frozen=True)
class Closing:
    """How a request ends, and why; the reason is kept for whoever asks later."""

    resolution: Resolution
    reason: str


def assign(request_id: int, staff_id: int | None, actor: Actor) -> Request:
    """Give a request to somebody who may act on it, or (None) to nobody."""
    request = lock(request_id)
    person = _able(staff_id) if staff_id is not None else None
    if request.assignee_id != staff_id:
        request.assignee_id = staff_id
        to = person.name if person else None
        _note(request, Happened.ASSIGNED, actor, to=to)
    return request


def reclassify(request_id: int, kind: Kind, actor: Actor) -> Request:
    """Say what a request is about. Its due dates follow, counted from when it came; whoever is
    understood only now gets the receipt now. Junk is closed as such."""
    request = lock(request_id)
    if request.state == State.CLOSED:
        raise Conflict("This request is closed; take it up again first.")
    if request.what is kind:
        return request
    _demand_single(request, kind)
    before, request.kind = request.kind, kind.value
    dates = due.of(kind, request.received_at)
    request.due_at, request.outer_due_at = dates.at, dates.outer_at
    _note(request, Happened.RECLASSIFIED, actor, before=before, kind=kind.value)
    if kind is Kind.JUNK:
        return _end(request, Closing(Resolution.JUNK, ""), actor)
    acknowledging.acknowledge(request)
    return request


def close(request_id: int, closing: Closing, actor: Actor) -> Request:
    """End a request with a reason. Raises Invalid without one, Conflict for what waits unread."""
    request = lock(request_id)
    if request.state == State.CLOSED:
        raise Conflict("This request is closed already.")
    if closing.resolution is Resolution.DONE and request.what in UNSPOKEN:
        raise Conflict("Say first what this message is; nobody has understood it yet.")
    reason = closing.reason.strip()
    if not reason:
        raise Invalid("Say why it is closed; the reason is kept.", field="reason")
    if len(reason) > LONGEST_REASON:
        raise Invalid(f"A reason has {LONGEST_REASON} characters at the most.", field="reason")
    return _end(request, Closing(closing.resolution, reason), actor)


def take_up(request_id: int, actor: Actor) -> Request:
    """Open a request again; its due dates stay what they were."""
    request = lock(request_id)
    if request.state != State.OPEN:
        _reopen(request)
        _note(request, Happened.TAKEN_UP, actor)
    return request


def take_up_by_person(request: Request) -> None:
    """Open a request again by the word of whom it is about. The row is locked."""
    _reopen(request)
    timeline.note(request.id, Happened.TAKEN_UP, "subscriber")
    if request.subscriber_id is not None:
        audit.record_of_subscriber("request taken up", request.subscriber_id)


def end_by_person(request: Request, closing: Closing) -> None:
    """End a request by the word of whom it is about. The row is locked."""
    _settle(request, closing)
    told = {"resolution": closing.resolution.value}
    timeline.note(request.id, Happened.CLOSED, "subscriber", **told)
    if request.subscriber_id is not None:
        audit.record_of_subscriber("request closed", request.subscriber_id, **told)


def _end(request: Request, closing: Closing, actor: Actor) -> Request:
    _settle(request, closing)
    _note(request, Happened.CLOSED, actor, resolution=closing.resolution.value)
    return request


def _reopen(request: Request) -> None:
    request.state, request.closed_at = State.OPEN.value, None
    request.resolution, request.reason = None, None


def _settle(request: Request, closing: Closing) -> None:
    request.state, request.closed_at = State.CLOSED.value, clock.now()
    request.resolution = closing.resolution.value
    if closing.reason:
        sealed = Sealer().seal({"reason": closing.reason}, request.correspondent_id.bytes)
        request.reason = sealed


def _note(request: Request, what: Happened, actor: Actor, **details: str | None) -> None:
    timeline.note(request.id, what, actor.name, **details)
    audit.record(actor, f"request {what.replace('_', ' ')}", f"request {request.number}", **details)


def _able(staff_id: int) -> Staff:
    person = db.session.get(Staff, staff_id)
    if person is None or not person.active:
        raise Missing(f"Nobody on the staff has the number {staff_id}.")
    if not may(person.role, Act.ANSWER_REQUESTS):
        raise Invalid(f"The role {person.role} may not act on requests.", field="assignee")
    return person


def _demand_single(request: Request, kind: Kind) -> None:
    others = of_message(request.inbound_id) if request.inbound_id is not None else []
    same = [one for one in others if one.id != request.id and one.what is kind]
    if same:
        raise Conflict(f"The same message has opened request {same[0].number} of this kind.")
