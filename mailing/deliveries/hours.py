"""Sending hours: when campaigns and notices may leave. Confirmations leave at any hour.

Hours are those on the wall where the operator is (`KELISIM_TIME_ZONE`), so a day on which the
clocks change has the hours that the wall shows, however many that makes.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from mailing.base.hours import DAY, Span
from mailing.base.settings import Settings

_MINUTE = timedelta(minutes=1)
# A week and a day: a span of one weekday may be lost to a change of the clocks, once.
_AHEAD = 15 * DAY


def may_send(settings: Settings, at: datetime) -> bool:
    """Whether campaigns and notices may leave at this time (aware)."""
    spans = settings.sending_hours
    return not spans or _is_open(spans, at.astimezone(ZoneInfo(settings.time_zone)))


def opens_at(settings: Settings, at: datetime) -> datetime | None:
    """The first minute (UTC) from `at` on at which sending is allowed; None: it is allowed now.

    None, too, where no minute of the next two weeks is within the hours.
    """
    if may_send(settings, at):
        return None
    minute = at.astimezone(UTC).replace(second=0, microsecond=0) + _MINUTE
    return _opening(settings.sending_hours, settings.time_zone, minute)


def ends_at(settings: Settings, begins: datetime, seconds: float) -> datetime | None:
    """When so many seconds within the hours have passed; None where two weeks do not hold them."""
    if not settings.sending_hours:
        return begins + timedelta(seconds=seconds)
    minute, left, wall = begins.astimezone(UTC), seconds, ZoneInfo(settings.time_zone)
    for _ in range(_AHEAD):
        if _is_open(settings.sending_hours, minute.astimezone(wall)):
            if left <= _MINUTE.total_seconds():
                return minute + timedelta(seconds=left)
            left -= _MINUTE.total_seconds()
        minute += _MINUTE
    return None


# Minute by minute is plainly right on days when the clocks change; a week takes 20 ms, once.
@lru_cache(maxsize=16)
def _opening(spans: tuple[Span, ...], zone: str, minute: datetime) -> datetime | None:
    wall = ZoneInfo(zone)
    for _ in range(_AHEAD):
        if _is_open(spans, minute.astimezone(wall)):
            return minute
        minute += _MINUTE
    return None


def _is_open(spans: tuple[Span, ...], wall: datetime) -> bool:
    minute = wall.hour * 60 + wall.minute
    return any(span.holds(wall.weekday(), minute) for span in spans)
