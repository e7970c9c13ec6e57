"""The queue of the desk: every request in exactly one group, the earliest due first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import Case, ColumnElement, and_, case, func, select

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import current
from mailing.requests import due, incidents
from mailing.requests.kinds import UNFINISHED, Channel, Identity, State
from mailing.requests.requests import Request
from mailing.requests.sieve import ALL, Sieve

# Of each group; the counts count all of them.
SHOWN = 100


class Group(StrEnum):
    """Where a request stands in the day of whoever answers it."""

    OVERDUE = "overdue"
    TODAY = "today"
    WEEK = "week"
    LATER = "later"
    WAITING = "waiting"
    UNCONFIRMED = "unconfirmed"
    DONE = "done"


# A stranger can type any address into the form: until its link was pressed, a request stands apart.
APART = frozenset({Group.UNCONFIRMED})


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


@dataclass(frozen=True)
class Owed:
    """What somebody has to do now, in numbers that add up to everything unfinished; `incidents`
    are those of which the authority has not been told, `incidents_overdue` the late among them."""

    overdue: int
    today: int
    week: int
    later: int
    waiting: int
    unconfirmed: int
    incidents: int
    incidents_overdue: int

    def as_numbers(self) -> dict[str, int]:
        """By name."""
        return dict(vars(self))


def owed() -> Owed:
    """What the desk owes at this moment, for *Today* and the digest."""
    counts, breaches = _counts(clock.now(), ALL), incidents.waiting()
    return Owed(
        overdue=counts[Group.OVERDUE],
        today=counts[Group.TODAY],
        week=counts[Group.WEEK],
        later=counts[Group.LATER],
        waiting=counts[Group.WAITING],
        unconfirmed=counts[Group.UNCONFIRMED],
        incidents=len(breaches),
        incidents_overdue=sum(one.is_overdue for one in breaches),
    )


def look(group: Group | None = None, sieve: Sieve = ALL) -> Queue:
    """The desk, or one group of it, with the counts of all groups: of everything, or of what goes
    through the sieve. What nobody has confirmed is counted, and shown where it is asked for."""
    now = clock.now()
    shown = [one for one in Group if (group is None and one not in APART) or one is group]
    return Queue({one: _lines(_first(one, now, sieve), now) for one in shown}, _counts(now, sieve))


def due_within(span: timedelta | None, is_all: bool = False) -> list[Line]:
    """What is not finished, the earliest due first; due by then where a span is given. What nobody
    has confirmed only where all are asked for."""
    now = clock.now()
    pressing = [one for one in _unfinished() if span is None or one.due_at <= now + span]
    return [line for line in _lines(pressing, now) if is_all or line.group not in APART]


def group_of(request: Request, now: datetime) -> Group:
    """The one group that a request is in. A clock that stands still is overdue at its outer limit,
    which does not."""
    if State(request.state) not in UNFINISHED:
        return Group.DONE
    if request.is_unconfirmed:
        return Group.UNCONFIRMED
    if (request.outer_due_at if request.paused_at else request.due_at) <= now:
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
        (is_unconfirmed(), Group.UNCONFIRMED.value),
        (
            case((Request.paused_at.is_not(None), Request.outer_due_at), else_=Request.due_at)
            <= now,
            Group.OVERDUE.value,
        ),
        (Request.state == State.WAITING.value, Group.WAITING.value),
        (Request.due_at < tomorrow, Group.TODAY.value),
        (Request.due_at < monday, Group.WEEK.value),
        else_=Group.LATER.value,
    )


def is_unconfirmed() -> ColumnElement[bool]:
    """`Request.is_unconfirmed` as the database says it."""
    return and_(
        Request.state == State.WAITING.value,
        Request.identity == Identity.ASKED.value,
        Request.channel == Channel.FORM.value,
    )


def _counts(now: datetime, sieve: Sieve) -> dict[Group, int]:
    grouped = select(_grouping(now).label("of")).where(*sieve.conditions).subquery()
    rows = db.session.execute(select(grouped.c.of, func.count()).group_by(grouped.c.of))
    return dict.fromkeys(Group, 0) | {Group(name): number for name, number in rows}


def _first(group: Group, now: datetime, sieve: Sieve) -> Sequence[Request]:
    """The earliest due of a group; of those that are done the newest."""
    query = select(Request).where(_grouping(now) == group.value, *sieve.conditions).limit(SHOWN)
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
