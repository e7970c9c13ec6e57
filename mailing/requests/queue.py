"""The queue of the desk: every request in exactly one group, the earliest due first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import Case, case, func, select

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import current
from mailing.requests import due
from mailing.requests.kinds import UNFINISHED, State
from mailing.requests.requests import Request

# Of each group; the counts count all of them.
SHOWN = 100


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
    """`counts` holds every group and adds up to all requests there are; the lines are the first
    of each, the earliest due, and of those that are done the newest."""

    lines: dict[Group, list[Line]]
    counts: dict[Group, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def look(group: Group | None = None) -> Queue:
    """The whole desk, or one group of it with all counts."""
    now = clock.now()
    shown = [one for one in Group if group is None or one is group]
    return Queue({one: _lines(_first(one, now), now) for one in shown}, _counts(now))


def due_within(span: timedelta | None) -> list[Line]:
    """What is not finished, the earliest due first; due by then where a span is given."""
    now = clock.now()
    pressing = [one for one in _unfinished() if span is None or one.due_at <= now + span]
    return _lines(pressing, now)


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
    tomorrow, monday = _bounds(now)
    if due_at < tomorrow:
        return Group.TODAY
    return Group.WEEK if due_at < monday else Group.LATER


def _bounds(now: datetime) -> tuple[datetime, datetime]:
    """When today ends, and when this week does, by the operator's clock."""
    zone = ZoneInfo(current().time_zone)
    today = now.astimezone(zone).date()
    ends = (today + timedelta(days=1), today + timedelta(days=7 - today.weekday()))
    tomorrow, monday = (datetime.combine(day, time(), zone) for day in ends)
    return tomorrow, monday


def _grouping(now: datetime) -> Case[str]:
    """`group_of` as the database says it."""
    tomorrow, monday = _bounds(now)
    return case(
        (Request.state.not_in([one.value for one in UNFINISHED]), Group.DONE.value),
        (Request.due_at <= now, Group.OVERDUE.value),
        (Request.state == State.WAITING.value, Group.WAITING.value),
        (Request.due_at < tomorrow, Group.TODAY.value),
        (Request.due_at < monday, Group.WEEK.value),
        else_=Group.LATER.value,
    )


def _counts(now: datetime) -> dict[Group, int]:
    grouped = select(_grouping(now).label("of")).subquery()
    rows = db.session.execute(select(grouped.c.of, func.count()).group_by(grouped.c.of))
    return dict.fromkeys(Group, 0) | {Group(name): number for name, number in rows}


def _first(group: Group, now: datetime) -> Sequence[Request]:
    """The earliest due of a group; of those that are done the newest."""
    query = select(Request).where(_grouping(now) == group.value).limit(SHOWN)
    order = (Request.id.desc(),) if group is Group.DONE else (Request.due_at, Request.id)
    return db.session.scalars(query.order_by(*order)).all()


def line_of(request: Request, now: datetime) -> Line:
    """A request as the queue shows it."""
    return _lines([request], now)[0]


def _lines(requests: Sequence[Request], now: datetime) -> list[Line]:
    calendar = due.calendar_between(now, *(one.due_at for one in requests))
    return [
        Line(one, group, due.days_left(one.due_at, now, calendar) if group is not Group.DONE else 0)
        for one in requests
        for group in [group_of(one, now)]
    ]


def _unfinished() -> Sequence[Request]:
    query = select(Request).where(Request.state.in_([one.value for one in UNFINISHED]))
    return db.session.scalars(query.order_by(Request.due_at, Request.id)).all()
