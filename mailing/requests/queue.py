"""The queue of the desk: every request in exactly one group, the earliest due first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import current
from mailing.requests import due
from mailing.requests.kinds import UNFINISHED, State
from mailing.requests.requests import Request

SHOWN_DONE = 50


class Group(StrEnum):
    """Where a request stands in the day of whoever answers it."""

    OVERDUE = "overdue"
    TODAY = "today"
    WEEK = "week"
    LATER = "later"
    WAITING = "waiting"
    DONE = "done"


@dataclass(frozen=True)
class Line:
    """A request, its group, and the working days that are left (below zero: passed)."""

    request: Request
    group: Group
    days_left: int


@dataclass(frozen=True)
class Queue:
    """`counts` holds every group and adds up to all requests there are; of those that are done
    only the newest are among the lines."""

    lines: dict[Group, list[Line]]
    counts: dict[Group, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def look(group: Group | None = None) -> Queue:
    """The whole desk, or one group of it with all counts."""
    now = clock.now()
    lines = [line_of(one, now) for one in [*_unfinished(), *_done()]]
    counts = {one: sum(line.group is one for line in lines) for one in Group}
    counts[Group.DONE] = _number_done()
    shown = [one for one in Group if group is None or one is group]
    return Queue({one: [line for line in lines if line.group is one] for one in shown}, counts)


def due_within(span: timedelta | None) -> list[Line]:
    """What is not finished, the earliest due first; due by then where a span is given."""
    now = clock.now()
    lines = [line_of(one, now) for one in _unfinished()]
    return [one for one in lines if span is None or one.request.due_at <= now + span]


def group_of(request: Request, now: datetime) -> Group:
    """The one group that a request is in."""
    if State(request.state) not in UNFINISHED:
        return Group.DONE
    if request.due_at <= now:
        return Group.OVERDUE
    if request.state == State.WAITING:
        return Group.WAITING
    return _by_day(request.due_at, now)


def _by_day(due_at: datetime, now: datetime) -> Group:
    zone = ZoneInfo(current().time_zone)
    today, last = now.astimezone(zone).date(), due_at.astimezone(zone).date()
    sunday = today + timedelta(days=6 - today.weekday())
    if last <= today:
        return Group.TODAY
    return Group.WEEK if last <= sunday else Group.LATER


def line_of(request: Request, now: datetime) -> Line:
    """A request as the queue shows it."""
    group = group_of(request, now)
    left = 0 if group is Group.DONE else due.days_left(request.due_at, now)
    return Line(request, group, left)


def _unfinished() -> Sequence[Request]:
    query = select(Request).where(Request.state.in_([one.value for one in UNFINISHED]))
    return db.session.scalars(query.order_by(Request.due_at, Request.id)).all()


def _done() -> Sequence[Request]:
    query = select(Request).where(Request.state.not_in([one.value for one in UNFINISHED]))
    return db.session.scalars(query.order_by(Request.id.desc()).limit(SHOWN_DONE)).all()


def _number_done() -> int:
    query = select(func.count()).select_from(Request)
    return db.session.scalars(
        query.where(Request.state.not_in([one.value for one in UNFINISHED]))
    ).one()
