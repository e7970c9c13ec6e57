"""Growth: how many people said yes, and how many left, day by day in the operator's zone."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import current

DAYS = 30

# A yes on the page of a new policy version is of somebody who had said yes before. An unsubscribe
# that was taken back counts as a leaving and as a yes.
_SAID = """
    SELECT CAST(at AT TIME ZONE :zone AS date) AS day,
        kind NOT IN ('unsubscribed', 'withdrawn') AS is_yes, count(DISTINCT subscriber_id)
    FROM ledger
    WHERE at >= :since AND (kind IN ('attested', 'restored', 'unsubscribed', 'withdrawn')
                            OR kind = 'given' AND source <> 'page')
    GROUP BY 1, 2
"""


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


def lately() -> Growth:
    """The last thirty days."""
    zone = current().time_zone
    today = clock.now().astimezone(ZoneInfo(zone)).date()
    first = today - timedelta(days=DAYS - 1)
    since = datetime.combine(first, time(), ZoneInfo(zone))
    rows = db.session.execute(text(_SAID), {"zone": zone, "since": since})
    numbers = {(day, is_yes): number for day, is_yes, number in rows}
    days = (first + timedelta(days=passed) for passed in range(DAYS))
    return Growth(
        tuple(Day(one, numbers.get((one, True), 0), numbers.get((one, False), 0)) for one in days)
    )
