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
    found: dict[Group, list[Request]] = {one: [] for one in Group}
    for request in [*_unfinished(), *_done()]:
        found[group_of(request, now)].append(request)
    counts = {one: len(requests) for one, requests in found.items()} | {Group.DONE: _number_done()}
    shown = [one for one in Group if group is None or one is group]
    return Queue({one: _lines(found[one][:SHOWN], now) for one in shown}, counts)


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
    zone = ZoneInfo(current().time_zone)
    today, last = now.astimezone(zone).date(), due_at.astimezone(zone).date()
    sunday = today + timedelta(days=6 - today.weekday())
    if last <= today:
        return Group.TODAY
    return Group.WEEK if last <= sunday else Group.LATER


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


def _done() -> Sequence[Request]:
    query = select(Request).where(Request.state.not_in([one.value for one in UNFINISHED]))
    return db.session.scalars(query.order_by(Request.id.desc()).limit(SHOWN)).all()


def _number_done() -> int:
    query = select(func.count()).select_from(Request)
    return db.session.scalars(
        query.where(Request.state.not_in([one.value for one in UNFINISHED]))
    ).one()
