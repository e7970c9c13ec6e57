"""The pulse of a campaign: how many messages a minute its relays have answered, and how long the
rest will take at that rate."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median

from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.campaigns.campaigns import Campaign, State
from mailing.deliveries import halts
from mailing.deliveries.batches import MOVED_SINCE
from mailing.deliveries.halts import Halt

MINUTES = 60
_STEP = 10  # seconds
_STEPS_OF_RATE = 6

_ANSWERED = f"""
    SELECT floor(extract(epoch FROM d.finished_at) / {_STEP})::bigint AS step, count(*)
    FROM deliveries d
    WHERE d.batch_id = ANY (ARRAY({MOVED_SINCE.format(since=":since")}))
        AND d.state IN ('accepted', 'refused') AND d.finished_at >= :since
    GROUP BY step
"""  # noqa: S608 - our own text; every value is bound


@dataclass(frozen=True)
class Minute:
    """One minute: when it began, how many messages a relay answered, whether somebody paused."""

    at: datetime
    number: int
    is_paused: bool = False


@dataclass(frozen=True)
class Pulse:
    """The last hour, minute by minute, the one that runs now included; `a_minute` is the present
    rate, 0 where nothing moves."""

    minutes: tuple[Minute, ...]
    a_minute: float

    def seconds_for(self, waiting: int) -> int | None:
        """How long so many take at the present rate; None where nothing moves."""
        return math.ceil(waiting / self.a_minute * 60) if self.a_minute else None


def of(campaign: Campaign) -> Pulse:
    """The last hour of a campaign that has started."""
    now = clock.now()
    began = campaign.started_at or now
    first = max(began, now - timedelta(minutes=MINUTES - 1)).replace(second=0, microsecond=0)
    values = {"campaign": campaign.id, "since": first}
    steps = {row[0]: row[1] for row in db.session.execute(text(_ANSWERED), values)}
    paused = halts.of(campaign.id, first)
    is_moving = campaign.state == State.SENDING
    return Pulse(_minutes(first, now, steps, paused), _rate(began, now, steps) if is_moving else 0)


def limit_a_minute(settings: Settings) -> float | None:
    """The most messages a minute that the settings allow a campaign; None: no limit."""
    limits = [one for one in (settings.rate, settings.campaign_rate) if one]
    return min(limits) * 60 if limits else None


def _minutes(
    first: datetime, now: datetime, steps: Mapping[int, int], paused: list[Halt]
) -> tuple[Minute, ...]:
    by_minute: Counter[int] = Counter()
    for step, number in steps.items():
        by_minute[step * _STEP // 60] += number
    halted = {int(one.at.timestamp() // 60) for one in paused if one.is_pause}
    numbers = range(int(first.timestamp() // 60), int(now.timestamp() // 60) + 1)
    return tuple(
        Minute(datetime.fromtimestamp(one * 60, UTC), by_minute[one], one in halted)
        for one in numbers
    )


def _rate(began: datetime, now: datetime, steps: Mapping[int, int]) -> float:
    """By the middle one of the last six whole steps of ten seconds: a burst or a stall of a moment
    does not make the time that is left jump. In the first seconds by what there is."""
    last = int(now.timestamp() // _STEP)
    first = max(last - _STEPS_OF_RATE, int(began.timestamp() // _STEP) + 1)
    whole = [steps.get(step, 0) for step in range(first, last)]
    if whole:
        return (median(whole) or sum(whole) / len(whole)) * 60 / _STEP
    passed = max((now - began).total_seconds(), 1)
    return sum(steps.values()) / passed * 60
