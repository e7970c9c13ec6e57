"""Extending: a later due date, once, within the outer limit, and the person is told."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from mailing.base import clock, working_days
from mailing.base.errors import Conflict, Invalid
from mailing.base.languages import gettext as _
from mailing.base.settings import current
from mailing.requests import answering, rights, running, timeline, wordings
from mailing.requests.answering import Draft
from mailing.requests.due import Due
from mailing.requests.kinds import Happened, RightState, State
from mailing.requests.requests import Request, lock
from mailing.staff import audit
from mailing.staff.audit import Actor


@dataclass(frozen=True)
class Extension:
    """The last day of the new term, and the reason that the person reads."""

    until: date
    words: str


def extend(request_id: int, extension: Extension, actor: Actor) -> Request:
    """Move the due date, and mail why and until when; whoever has no address is told otherwise.

    Raises Conflict the second time and for what is finished, Invalid for a day that is none.
    """
    request = lock(request_id)
    _demand_first(request)
    wordings.words_of(extension.words)
    at = _evening(request, extension.until)
    for right in rights.of(request.id):
        if right.state != RightState.DONE:
            right.move(Due(min(max(at, right.due_at), right.outer_due_at), right.outer_due_at))
    request.extended_at = clock.now()
    running.reckon(request)
    told = _tell(request, extension.words)
    timeline.note(request.id, Happened.EXTENDED, actor.name, until=at.isoformat(), **told)
    audit.record(actor, "request extended", f"request {request.number}", until=at.isoformat())
    return request


def _demand_first(request: Request) -> None:
    if State(request.state) not in (State.OPEN, State.WAITING):
        raise Conflict("Only what is still to be answered can be extended.")
    if request.paused_at is not None:
        raise Conflict(
            _(
                "Its clock stands still while the person is waited for; let it go on before you"
                " extend it."
            )
        )
    if request.extended_at is not None:
        raise Conflict("It has been extended once; a second time there is not.")


def _evening(request: Request, day: date) -> datetime:
    at = working_days.evening_of(day, current().time_zone)
    if at <= request.due_at:
        raise Invalid("Choose a day after the one that it is due on.", field="until")
    if at > request.outer_due_at:
        raise Invalid("The outer limit is before that day; nothing goes beyond it.", field="until")
    return at


def _tell(request: Request, words: str) -> dict[str, Any]:
    """Send why; what of it stands in the timeline. The reason is demanded even where no mail can
    carry it."""
    said = answering.preview(request, Draft("extended", words))
    if answering.recipient_of(request) is None:
        return {"sent": "no address"}
    return answering.post(request, said, "extended")
