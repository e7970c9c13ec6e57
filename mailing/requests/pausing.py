"""Pausing: a request that waits for the person stands still, and goes on when they answer.

The due dates move by the working days that it waited. The outer limit does not: it is the law's,
and counts every day whoever is waited for.
"""

from mailing.base import clock
from mailing.base.errors import Conflict
from mailing.requests import running, timeline
from mailing.requests.kinds import Happened, PauseReason, State
from mailing.requests.requests import Request, lock
from mailing.staff import audit
from mailing.staff.audit import Actor

THE_PERSON = "subscriber"


def pause(request_id: int, reason: PauseReason, actor: Actor) -> Request:
    """Stop the clock until the person answers. Raises Conflict for what is finished, or past the
    outer limit."""
    request = lock(request_id)
    if request.paused_at is not None:
        return request
    if request.state not in (State.OPEN, State.WAITING):
        raise Conflict("Only what is still to be answered can wait for the person.")
    if request.outer_due_at <= clock.now():
        raise Conflict("It is past its outer limit: nothing stops that clock. Answer now.")
    hold(request, reason, actor.name)
    audit.record(actor, "request paused", f"request {request.number}", reason=reason.value)
    return request


def resume(request_id: int, actor: Actor) -> Request:
    """Go on, by a person of the staff."""
    request = lock(request_id)
    if request.paused_at is not None:
        go_on(request, actor.name)
        audit.record(actor, "request resumed", f"request {request.number}")
    return request


def hold(request: Request, reason: PauseReason, by: str) -> None:
    """Stop the clock of a request whose row is locked."""
    request.paused_at, request.pause_reason = clock.now(), reason.value
    request.state = State.WAITING.value
    timeline.note(request.id, Happened.PAUSED, by, reason=reason.value)


def go_on(request: Request, by: str) -> None:
    """The clock of a request whose row is locked runs again, later by the days that it stood. What
    was late before it stood still stays late."""
    if request.paused_at is None:
        return
    days = running.let_run(request)
    request.state = State.OPEN.value
    timeline.note(request.id, Happened.RESUMED, by, days=days)
