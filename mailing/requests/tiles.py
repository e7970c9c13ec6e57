"""The four numbers above the queue: open, overdue, how long it takes, the oldest."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from mailing.base import clock
from mailing.base.database import db
from mailing.requests.kinds import UNFINISHED, Resolution
from mailing.requests.queue import APART, Group, Queue, is_unconfirmed
from mailing.requests.requests import Request

LATELY = timedelta(days=90)
A_DAY = 86_400


@dataclass(frozen=True)
class Tiles:
    """`median_days` is of what was closed within the last 90 days, junk and duplicates aside, and
    None where nothing was; `oldest` is when the oldest open request came."""

    open: int
    overdue: int
    median_days: float | None
    oldest: datetime | None


def of(seen: Queue) -> Tiles:
    """Of a queue whose counts are those of everything."""
    left = {name: number for name, number in seen.counts.items() if name is not Group.DONE}
    return Tiles(
        open=sum(number for name, number in left.items() if name not in APART),
        overdue=seen.counts[Group.OVERDUE],
        median_days=_median(),
        oldest=_oldest(),
    )


def _median() -> float | None:
    spent = func.extract("epoch", Request.closed_at - Request.received_at)
    query = select(func.percentile_cont(0.5).within_group(spent)).where(
        Request.closed_at > clock.now() - LATELY,
        Request.resolution.not_in([Resolution.JUNK.value, Resolution.DUPLICATE.value]),
    )
    seconds = db.session.scalar(query)
    return None if seconds is None else round(float(seconds) / A_DAY, 1)


def _oldest() -> datetime | None:
    """What a stranger typed, and nobody confirmed, is not among what is open."""
    unfinished = Request.state.in_([one.value for one in UNFINISHED])
    query = select(func.min(Request.received_at)).where(unfinished, ~is_unconfirmed())
    return db.session.scalar(query)
