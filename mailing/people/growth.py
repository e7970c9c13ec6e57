"""Growth: how many people said yes, and how many left, day by day in the operator's zone.

A day that is over is counted once and kept, as a list that was just imported would be counted for a
second whenever somebody looks. What came to the ledger since then is counted each time, by its own
day: what a restore brings back of an old day is in it, too.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Date, Integer, Text, delete, insert, select, text
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.settings import current

DAYS = 30
_A_DAY = timedelta(days=1)
# What was written down on a day has been committed by then.
_SETTLED = timedelta(hours=1)

# A yes on the page of a new policy version is of somebody who had said yes before. An unsubscribe
# that was taken back counts as a leaving and as a yes.
_SAID = """
    SELECT CAST(at AT TIME ZONE :zone AS date) AS day,
        kind NOT IN ('unsubscribed', 'withdrawn') AS is_yes, count(DISTINCT subscriber_id)
    FROM ledger
    WHERE at >= :since AND at < :until AND (at >= :open OR id > :after)
        AND (kind IN ('attested', 'restored', 'unsubscribed', 'withdrawn')
             OR kind = 'given' AND source <> 'page')
    GROUP BY 1, 2
"""
# One worker at a time ("gr"): two would mix what they know.
_ALONE = "SELECT pg_advisory_xact_lock(26482)"
_LAST_ENTRY = "SELECT coalesce(max(id), 0) FROM ledger WHERE at < :until"


class GrowthDay(Table):
    """One day that was over, as the ledger told of it up to this entry."""

    __tablename__ = "growth_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True, info=OPERATIONAL)
    zone: Mapped[str] = mapped_column(Text, primary_key=True, info=OPERATIONAL)
    joined: Mapped[int] = mapped_column(Integer, info=OPERATIONAL)
    left: Mapped[int] = mapped_column(Integer, info=OPERATIONAL)
    entry_id: Mapped[int] = mapped_column(BigInteger, info=OPERATIONAL)


@dataclass(frozen=True, slots=True)
class Day:
    """People who said yes to something, and people who left something, on one day."""

    day: date
    joined: int
    left: int


@dataclass(frozen=True)
class Growth:
    """The last thirty days, today included."""

    days: tuple[Day, ...]

    @property
    def joined(self) -> int:
        return sum(one.joined for one in self.days)

    @property
    def left(self) -> int:
        return sum(one.left for one in self.days)

    @property
    def net(self) -> int:
        """What is left of both."""
        return self.joined - self.left

    @property
    def running(self) -> tuple[int, ...]:
        """The net change since the first day, by the end of each."""
        return tuple(accumulate(one.joined - one.left for one in self.days))


@dataclass(frozen=True)
class _Month:
    """The days that are shown, in one zone."""

    zone: str
    last: date

    @property
    def days(self) -> list[date]:
        """From the first to the last."""
        return [self.last - timedelta(days=passed) for passed in reversed(range(DAYS))]

    def begin(self, day: date) -> datetime:
        """Its first moment."""
        return datetime.combine(day, time(), ZoneInfo(self.zone))

    def kept(self) -> list[GrowthDay]:
        """Those that were counted, from the first one on; none after a clock that was wrong."""
        shown = (GrowthDay.zone == self.zone) & GrowthDay.day.between(self.days[0], self.last)
        rows = list(db.session.scalars(select(GrowthDay).where(shown)))
        return rows if self.days[0] in {one.day for one in rows} else []

    def said(self, until: date, kept: Sequence[GrowthDay] = ()) -> Counter[tuple[date, bool]]:
        """People by the day, and by whether they said yes, before that day begins; without what is
        counted in those days that are kept."""
        known = max((one.day for one in kept), default=None)
        asked = {
            "zone": self.zone,
            "since": self.begin(self.days[0]),
            "until": self.begin(until),
            "open": self.begin(known + _A_DAY if known else self.days[0]),
            "after": max((one.entry_id for one in kept), default=0),
        }
        return Counter({(day, yes): n for day, yes, n in db.session.execute(text(_SAID), asked)})

    def told(self, numbers: Counter[tuple[date, bool]]) -> Iterator[Day]:
        """Each day with its numbers."""
        for day in self.days:
            yield Day(day, numbers[day, True], numbers[day, False])


def lately() -> Growth:
    """The last thirty days."""
    month = _month(clock.now())
    kept = month.kept()
    numbers = month.said(month.last + _A_DAY, kept)
    for one in kept:
        numbers += Counter({(one.day, True): one.joined, (one.day, False): one.left})
    return Growth(tuple(month.told(numbers)))


def keep() -> bool:
    """Count the days that are over, where the last of them is not kept yet; whether it was so. Days
    that are shown no more, and those of a zone that was ours before, are forgotten."""
    db.session.execute(text(_ALONE))
    month = _month(clock.now() - _SETTLED)
    if month.days[-2] in {one.day for one in month.kept()}:
        return False
    last = db.session.scalar(text(_LAST_ENTRY), {"until": month.begin(month.last)})
    rows = [
        {"zone": month.zone, "entry_id": last, **asdict(one)}
        for one in month.told(month.said(month.last))
        if one.day < month.last
    ]
    db.session.execute(delete(GrowthDay))
    db.session.execute(insert(GrowthDay), rows)
    return True


def _month(moment: datetime) -> _Month:
    zone = current().time_zone
    return _Month(zone, moment.astimezone(ZoneInfo(zone)).date())
