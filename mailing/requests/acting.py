"""What staff do with a request: take it, say what it is, close it, take it up again."""

from dataclasses import dataclass

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid, Missing
from mailing.people.subscribers import Sealer, Subscriber
from mailing.requests import acknowledging, destructions, due, rights, running, timeline
from mailing.requests.kinds import (
    RIGHTS,
    UNSPOKEN,
    Happened,
    Kind,
    Resolution,
    RightState,
    Ruling,
    State,
)
from mailing.requests.requests import Request, hold, lock, of_message
from mailing.requests.rights import Right
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
    before = request.kind
    _rename(request, kind)
    _note(request, Happened.RECLASSIFIED, actor, before=before, kind=kind.value)
    if kind is Kind.JUNK:
        return _end(request, Closing(Resolution.JUNK, ""), actor)
    acknowledging.acknowledge(request)
    return request


def close(request_id: int, closing: Closing, actor: Actor) -> Request:
    """End a request with a reason. Raises Invalid without one, Conflict for what waits unread."""
    request = hold(request_id)
    if request.state == State.CLOSED:
        raise Conflict("This request is closed already.")
    if closing.resolution is Resolution.DONE and request.what in UNSPOKEN:
        raise Conflict("Say first what this message is; nobody has understood it yet.")
    if closing.resolution is Resolution.DONE:
        _demand_decided(request)
    return _end(request, Closing(closing.resolution, _reason(closing.reason)), actor)


def add_right(request_id: int, kind: Kind, actor: Actor) -> Request:
    """Something else that the same letter asks for, with the clock of the day on which it came.
    Raises Conflict for what it asks for already."""
    request = lock(request_id)
    if request.state == State.CLOSED:
        raise Conflict("This request is closed; take it up again first.")
    if kind not in RIGHTS:
        raise Invalid("Choose what else is asked for.", field="more")
    if any(one.what is kind for one in rights.of(request.id)):
        raise Conflict("This request asks for that already.")
    rights.keep(request.id, rights.laid([kind], request.received_at))
    running.reckon(request)
    _note(request, Happened.RIGHT_ADDED, actor, kind=kind.value)
    return request


def take_up(request_id: int, actor: Actor) -> Request:
    """Open a request again; its due dates stay what they were."""
    request = hold(request_id)
    if request.state != State.OPEN:
        _reopen(request, actor.name)
        _note(request, Happened.TAKEN_UP, actor)
    return request


def take_up_by_person(request: Request) -> None:
    """Open a request again by the word of whom it is about. The row is locked."""
    _reopen(request, "subscriber")
    timeline.note(request.id, Happened.TAKEN_UP, "subscriber")
    if request.subscriber_id is not None:
        audit.record_of_subscriber("request taken up", request.subscriber_id)


def end_by_person(request: Request, closing: Closing) -> None:
    """End a request by the word of whom it is about. The row is locked."""
    _settle(request, closing, "subscriber")
    told = {"resolution": closing.resolution.value}
    timeline.note(request.id, Happened.CLOSED, "subscriber", **told)
    if request.subscriber_id is not None:
        audit.record_of_subscriber("request closed", request.subscriber_id, **told)


def end_by_itself(request: Request, closing: Closing) -> None:
    """End a request that waited for nothing but an answer that did not come. The row is locked."""
    _settle(request, closing, timeline.OURSELVES)
    timeline.note(request.id, Happened.CLOSED, resolution=closing.resolution.value)


def _end(request: Request, closing: Closing, actor: Actor) -> Request:
    _settle(request, closing, actor.name)
    _note(request, Happened.CLOSED, actor, resolution=closing.resolution.value)
    return request


def _rename(request: Request, kind: Kind) -> None:
    """The right that the request was taken for becomes another; the clocks follow."""
    main = rights.named(request.id, request.what)
    if main.state == RightState.DECIDED:
        raise Conflict("What it asks for was granted and waits to be done; finish that first.")
    request.kind = main.kind = kind.value
    main.move(due.of(kind, request.received_at))
    db.session.flush()
    running.reckon(request)


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason:
        raise Invalid("Say why it is closed; the reason is kept.", field="reason")
    if len(reason) > LONGEST_REASON:
        raise Invalid(f"A reason has {LONGEST_REASON} characters at the most.", field="reason")
    return reason


def _reopen(request: Request, by: str) -> None:
    """What was refused, or ended undone, is open again; what was done stays done."""
    if request.state == State.CLOSED:
        destructions.take_back(request.id, by)
    request.state, request.closed_at = State.OPEN.value, None
    request.resolution, request.reason, request.merged_into = None, None, None
    running.let_run(request)
    for right in rights.of(request.id):
        if right.ruling != Ruling.GRANT or right.resolution != Resolution.DONE:
            right.open_again()
    db.session.flush()
    running.reckon(request)


def _settle(request: Request, closing: Closing, by: str) -> None:
    """What was decided in it and not done is decided no more, and keeps no other request of the
    person from it."""
    destructions.take_back(request.id, by)
    running.let_run(request)
    request.state, request.closed_at = State.CLOSED.value, clock.now()
    request.resolution = closing.resolution.value
    for right in rights.of(request.id):
        if right.state != RightState.DONE:
            right.end(closing.resolution, clock.now())
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


def _demand_decided(request: Request) -> None:
    """Of several rights, none is done because another is."""
    asked = rights.of(request.id)
    undecided = [one.kind for one in asked if one.is_open]
    if len(asked) > 1 and undecided:
        raise Conflict(f"Decide first on what else is asked for: {', '.join(undecided)}.")
    if any(one.what is Kind.DESTRUCTION and _is_owed(request, one) for one in asked):
        raise Conflict("Destruction has been granted and not carried out; do it before you close.")


def _is_owed(request: Request, right: Right) -> bool:
    """Granted, and the data are still there."""
    who = db.session.get(Subscriber, request.subscriber_id) if request.subscriber_id else None
    is_there = who is not None and who.personal is not None
    return right.state == RightState.DECIDED and is_there


def _demand_single(request: Request, kind: Kind) -> None:
    if any(one.what is kind for one in rights.of(request.id)):
        raise Conflict("This request asks for that already, beside what it was taken for.")
    others = of_message(request.inbound_id) if request.inbound_id is not None else []
    same = [one for one in others if one.id != request.id and one.what is kind]
    if same:
        raise Conflict(f"The same message has opened request {same[0].number} of this kind.")
