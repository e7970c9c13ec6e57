"""Following: a request goes on by itself when what it waited for has come."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from mailing.base.database import db
from mailing.deliveries.answers import Answer
from mailing.people import address_changes
from mailing.people.address_changes import State as Change
from mailing.requests import inquiries, pausing, rulings, timeline
from mailing.requests.inquiries import What
from mailing.requests.kinds import UNFINISHED, Happened, Kind, State
from mailing.requests.requests import Request, find, lock, of_subscriber


def replied(shown: Collection[UUID], reply_id: int | None) -> None:
    """A letter came that answers what we had sent about a request: it is waited for no longer.
    `shown` are the deliveries that the letter leads to, `reply_id` the request that it opened."""
    reply = find(reply_id) if reply_id is not None else None
    for request_id in _about(shown):
        request = lock(request_id)
        if reply is not None and reply.id != request.id:
            timeline.note(request.id, Happened.REPLIED, pausing.THE_PERSON, by=reply.number)
        if request.state == State.WAITING:
            _take_back(request)


def address_moved(subscriber_id: UUID) -> None:
    """Both mailboxes have agreed to a change of address: whoever asked for it has it."""
    for request in of_subscriber(subscriber_id):
        if State(request.state) in UNFINISHED and _has_asked_for_address(request):
            held = lock(request.id)
            timeline.note(held.id, Happened.CORRECTED, pausing.THE_PERSON, fields=["email"])
            if not _has_open_correction(held):
                put_right(held)


def waits_for_address(subscriber_id: UUID) -> bool:
    """Whether a change of address is still to be agreed to."""
    return any(one.state == Change.OPEN for one in address_changes.of(subscriber_id))


def put_right(request: Request) -> None:
    """All that was to be put right is. The row is locked."""
    pausing.go_on(request, pausing.THE_PERSON)
    rulings.finish(request.id, Kind.RECTIFICATION, pausing.THE_PERSON)


def _take_back(request: Request) -> None:
    if request.paused_at is not None:
        pausing.go_on(request, pausing.THE_PERSON)
    else:
        request.state = State.OPEN.value
        timeline.note(request.id, Happened.RESUMED, pausing.THE_PERSON, days=0)


def _about(shown: Collection[UUID]) -> list[int]:
    if not shown:
        return []
    query = select(Answer.request_id).where(
        Answer.delivery_id.in_(shown), Answer.request_id.is_not(None)
    )
    return sorted({found for found in db.session.scalars(query) if found is not None})


def _has_asked_for_address(request: Request) -> bool:
    lines = [one for one in timeline.of(request.id) if one.what == Happened.CORRECTION_ASKED]
    return any("email" in line.details.get("fields", ()) for line in lines)


def _has_open_correction(request: Request) -> bool:
    asked = inquiries.of(request.id)
    return any(
        one.what == What.CORRECTION and one.standing is inquiries.State.OPEN for one in asked
    )
