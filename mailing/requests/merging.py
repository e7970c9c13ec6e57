"""Merging: the same person asks twice, and is answered once."""

from sqlalchemy import or_, select

from mailing.base.database import db
from mailing.base.errors import Conflict
from mailing.people import subscribers
from mailing.requests import acting, rights, running, timeline
from mailing.requests.acting import Closing
from mailing.requests.kinds import (
    OF_THE_PERSON,
    PROVED,
    UNSPOKEN,
    Happened,
    Resolution,
    RightState,
    State,
)
from mailing.requests.requests import Request, find, lock
from mailing.requests.rights import Right
from mailing.staff import audit
from mailing.staff.audit import Actor

SHOWN = 50


def others_of(request: Request) -> list[Request]:
    """What the same person, or the same address, asked for besides; the newest first."""
    same = [Request.sender_digest == request.sender_digest] if request.sender_digest else []
    if request.subscriber_id is not None:
        same.append(Request.subscriber_id == request.subscriber_id)
    if not same:
        return []
    query = select(Request).where(or_(*same), Request.id != request.id)
    return list(db.session.scalars(query.order_by(Request.id.desc()).limit(SHOWN)))


def merge(request_id: int, into_id: int, actor: Actor) -> Request:
    """Close a request as asked for already, in favour of another, which takes over the rights that
    it lacks with the clocks that they have; the one that stays.

    Raises Conflict for somebody else's, and where one of the two is closed.
    """
    held = _hold(request_id, into_id)
    merged, stays = held[request_id], held[into_id]
    _demand_same(merged, stays)
    _take_over(merged, stays, actor)
    acting.close(merged.id, Closing(Resolution.DUPLICATE, f"Answered with {stays.number}."), actor)
    merged.merged_into = stays.id
    timeline.note(merged.id, Happened.MERGED_IN, actor.name, into=stays.number)
    timeline.note(stays.id, Happened.MERGED, actor.name, other=merged.number)
    audit.record(actor, "request merged", f"request {merged.number}", into=stays.number)
    return stays


def merged_into(request_id: int) -> list[Request]:
    """The requests that were merged into this one; their letters are read on their own pages."""
    query = select(Request).where(Request.merged_into == request_id).order_by(Request.id)
    return list(db.session.scalars(query))


def _hold(*request_ids: int) -> dict[int, Request]:
    """Each in one order, whichever is merged into which; the person before them."""
    numbers = sorted(set(request_ids))
    for person in sorted({whose for one in numbers if (whose := find(one).subscriber_id)}):
        subscribers.lock(person)
    return {one: lock(one) for one in numbers}


def _demand_same(merged: Request, stays: Request) -> None:
    if merged.id == stays.id:
        raise Conflict("A request is not merged into itself.")
    if State.CLOSED in (merged.state, stays.state):
        raise Conflict("One of the two is closed; take it up again first.")
    if any(one.state == RightState.DECIDED for one in rights.of(merged.id)):
        raise Conflict("What it asks for was granted and waits to be done; finish that first.")
    if stays.id not in {one.id for one in others_of(merged)}:
        raise Conflict("These two are not of the same person.")
    _demand_theirs(merged, stays)


def _demand_theirs(merged: Request, stays: Request) -> None:
    """What a stranger may have asked for in their name must not be granted on the proof of what
    they asked for themselves."""
    is_proved = stays.identity in PROVED and merged.identity not in PROVED
    if is_proved and any(one.what in OF_THE_PERSON for one in _lacking(merged, stays)):
        raise Conflict("Make sure first that the same person asks for what is added by this one.")


def _lacking(merged: Request, stays: Request) -> list[Right]:
    """The rights that the one asks for and the other does not."""
    has = {one.kind for one in rights.of(stays.id)}
    asked = rights.of(merged.id)
    return [
        one for one in asked if one.kind not in has and one.is_open and one.what not in UNSPOKEN
    ]


def _take_over(merged: Request, stays: Request, actor: Actor) -> None:
    """A right that both ask for is due when the first of the two is."""
    has = {one.kind: one for one in rights.of(stays.id)}
    for right in _lacking(merged, stays):
        new = Right(kind=right.kind, state=right.state)
        new.move(right.clock)
        rights.keep(stays.id, [new])
        timeline.note(stays.id, Happened.RIGHT_ADDED, actor.name, kind=right.kind)
    for right in rights.of(merged.id):
        mine = has.get(right.kind)
        if mine is not None and mine.is_open and right.due_at < mine.due_at:
            mine.move(right.clock)
    db.session.flush()
    running.reckon(stays)
