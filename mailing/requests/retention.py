"""Retention: what goes by itself once its term is over, said beforehand and run on Sundays.

Each term is a setting and none is set: the policy of the first operator has no term. What would go
next Sunday can be looked at by whoever answers requests, with the reason.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Index, Integer, Text, func, select
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import Invalid
from mailing.base.settings import current
from mailing.base.terms import KINDS
from mailing.requests import long_gone
from mailing.requests.retention_rules import RULES
from mailing.requests.timeline import OURSELVES
from mailing.staff import audit
from mailing.staff.audit import Actor
from mailing.staff.permissions import Act, demand
from mailing.staff.staff import Role

HOUR = time(3)
_SUNDAY = 6
_BY_ITSELF = Actor(OURSELVES, Role.ADMIN)


class RetentionRun(Table):
    """One rule that was run to its end; `rows` is how many went in this run."""

    __tablename__ = "retention_runs"
    __table_args__ = (Index("retention_runs_of_rule", "rule", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, info=OPERATIONAL)
    rule: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    days: Mapped[int] = mapped_column(Integer, info=OPERATIONAL)
    rows: Mapped[int] = mapped_column(Integer, info=OPERATIONAL)
    actor: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), info=OPERATIONAL)


@dataclass(frozen=True)
class Line:
    """One kind of data: its term in days (None: kept), what would go at the next run, the last."""

    kind: str
    days: int | None
    rows: int
    before: datetime | None
    last: RetentionRun | None


@dataclass(frozen=True)
class Plan:
    """What would go, and when."""

    at: datetime
    lines: list[Line]

    @property
    def rows(self) -> int:
        return sum(line.rows for line in self.lines)


def plan() -> Plan:
    """What goes at the next run by the settings of now. Changes nothing."""
    at = next_run(clock.now())
    return Plan(at, [_line(kind, at) for kind in KINDS])


def run(actor: Actor, kinds: tuple[str, ...] = ()) -> dict[str, int]:
    """Let go what is past its term now (of these kinds; else of all); how many rows by kind.
    Commits after each kind. Raises Invalid for a kind that has no term."""
    demand(actor.role, Act.DESTROY_PEOPLE)
    terms = dict(current().retention)
    strays = [one for one in kinds if one not in terms]
    if strays:
        raise Invalid(f"{strays[0]} has no term in KELISIM_RETENTION, so it is kept.", "kind")
    return {kind: _run(kind, terms[kind], actor) for kind in kinds or terms}


def run_when_due() -> None:
    """The same after each Sunday's hour, for each kind that has not been run since. Two at once do
    it twice, which takes nothing more away."""
    since = last_run(clock.now())
    for kind, days in current().retention:
        ran = _last(kind)
        if ran is None or ran.at < since:
            _run(kind, days, _BY_ITSELF)


def next_run(now: datetime) -> datetime:
    """The next Sunday at three o'clock where the operator is."""
    return _sunday(now, ahead=True)


def last_run(now: datetime) -> datetime:
    """The one before."""
    return _sunday(now, ahead=False)


def _sunday(now: datetime, ahead: bool) -> datetime:
    zone = ZoneInfo(current().time_zone)
    local = now.astimezone(zone)
    days = (_SUNDAY - local.weekday()) % 7
    coming = datetime.combine(local.date() + timedelta(days=days), HOUR, zone)
    if coming <= local:
        coming = datetime.combine(coming.date() + timedelta(days=7), HOUR, zone)
    last = datetime.combine(coming.date() - timedelta(days=7), HOUR, zone)
    return coming if ahead else last


def _run(kind: str, days: int, actor: Actor) -> int:
    past, rows = clock.now() - timedelta(days=days), 0
    for go in _runs(kind):
        while gone := go(past):
            rows += gone
            db.session.commit()
    db.session.add(RetentionRun(rule=kind, days=days, rows=rows, actor=actor.name, at=clock.now()))
    audit.record(actor, "retention run", "installation", rule=kind, days=days, rows=rows)
    db.session.commit()
    return rows


def _runs(kind: str) -> list[Callable[[datetime], int]]:
    if kind == long_gone.KIND:
        return [long_gone.run]
    return [rule.run for rule in RULES if rule.kind == kind]


def _line(kind: str, at: datetime) -> Line:
    days = dict(current().retention).get(kind)
    if days is None:
        return Line(kind, None, 0, None, _last(kind))
    past = at - timedelta(days=days)
    if kind == long_gone.KIND:
        return Line(kind, days, long_gone.count(past), past, _last(kind))
    rows = sum(rule.count(past) for rule in RULES if rule.kind == kind)
    return Line(kind, days, rows, past, _last(kind))


def _last(kind: str) -> RetentionRun | None:
    newest = select(func.max(RetentionRun.id)).where(RetentionRun.rule == kind).scalar_subquery()
    return db.session.scalars(select(RetentionRun).where(RetentionRun.id == newest)).one_or_none()
