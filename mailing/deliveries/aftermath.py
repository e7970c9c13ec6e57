"""Aftermath: who left and who complained within 72 hours of a campaign's start.

An unsubscribe counts for each campaign that the person had got by then and that its words cover: a
link says of which topic it is, never which message made somebody press it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.campaigns.campaigns import Campaign

HOURS = 72

_GOT_IT = """
    EXISTS (SELECT FROM deliveries d WHERE d.subscriber_id = x.subscriber_id
            AND d.campaign_id = :campaign AND d.state = 'accepted' AND d.finished_at <= x.at)
"""
_HOUR = "least(floor(extract(epoch FROM at - CAST(:start AS timestamptz)) / 3600)::int, :last)"

# The first time of each person: whoever took it back, and left again, left once.
_LEFT = f"""
    SELECT {_HOUR} AS hour, count(*) FROM (
        SELECT x.subscriber_id, min(x.at) AS at FROM ledger x
        WHERE x.at >= :start AND x.at < :over AND x.kind IN ('unsubscribed', 'withdrawn')
            AND (x.topic_id IS NULL OR x.topic_id = :topic) AND {_GOT_IT}
        GROUP BY x.subscriber_id) f GROUP BY 1
"""  # noqa: S608 - our own text; every value is bound
_COMPLAINED = f"""
    SELECT {_HOUR} AS hour, count(*) FROM (
        SELECT delivery_id, min(at) AS at FROM returns
        WHERE campaign_id = :campaign AND kind = 'complaint' AND at >= :start AND at < :over
        GROUP BY delivery_id) f GROUP BY 1
"""  # noqa: S608 - our own text; every value is bound


@dataclass(frozen=True)
class Aftermath:
    """How many had left and complained by the end of each hour so far; one number an hour."""

    left: tuple[int, ...]
    complained: tuple[int, ...]
    is_over: bool

    @property
    def all_left(self) -> int:
        return self.left[-1] if self.left else 0

    @property
    def all_complained(self) -> int:
        return self.complained[-1] if self.complained else 0


def of(campaign: Campaign) -> Aftermath:
    """What has followed a campaign so far; of one that never started, nothing."""
    if campaign.started_at is None:
        return Aftermath((), (), is_over=False)
    hours = _hours_since(campaign.started_at)
    values = {
        "campaign": campaign.id,
        "topic": campaign.topic_id,
        "start": campaign.started_at,
        "over": campaign.started_at + timedelta(hours=HOURS),
        "last": HOURS - 1,
    }
    left, complained = (
        _sums(hours, db.session.execute(text(query), values)) for query in (_LEFT, _COMPLAINED)
    )
    return Aftermath(left, complained, is_over=hours == HOURS)


def _hours_since(start: datetime) -> int:
    """How many hours have begun, 72 at the most."""
    return min(int((clock.now() - start) / timedelta(hours=1)) + 1, HOURS)


def _sums(hours: int, rows: Iterable[Any]) -> tuple[int, ...]:
    by_hour = {row[0]: row[1] for row in rows}
    # A clock that lags behind the database's loses nobody: what is later stands in the last hour.
    late = sum(number for hour, number in by_hour.items() if hour >= hours)
    each = [by_hour.get(hour, 0) for hour in range(hours)]
    each[-1] += late
    return tuple(accumulate(each))
