"""Due dates: working days of Kazakhstan from the day after a request came, and an outer limit.

The terms are settings. The law's clocks that we know of (answer within three working days, change,
block or destroy within one, fifteen days at the outside) are read at their strictest: the outer
limit counts every day, and the earlier of the two is the one that a request is due by.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mailing.base import working_days
from mailing.base.settings import Settings, current
from mailing.base.working_days import Calendar
from mailing.requests.kinds import Kind

# What changes, stops or destroys is asked for within the shorter term.
_PROMPT = frozenset(
    {Kind.WITHDRAWAL, Kind.RECTIFICATION, Kind.DESTRUCTION, Kind.UNSUBSCRIBE, Kind.COMPLAINT}
)


@dataclass(frozen=True, slots=True)
class Due:
    """By when a request is to be answered, and by when at the very latest."""

    at: datetime
    outer_at: datetime


def of(kind: Kind, received_at: datetime) -> Due:
    """When a request of this kind is due, by the settings and the calendar of now."""
    settings = current()
    year = received_at.astimezone(ZoneInfo(settings.time_zone)).year
    return reckon(settings, calendar_of(year, year + 1), kind, received_at)


def reckon(settings: Settings, calendar: Calendar, kind: Kind, received_at: datetime) -> Due:
    """The same as a pure function."""
    came_on = received_at.astimezone(ZoneInfo(settings.time_zone)).date()
    number = settings.correct_days if kind in _PROMPT else settings.answer_days
    outer_day = came_on + timedelta(days=settings.outer_days)
    outer_at = working_days.evening_of(outer_day, settings.time_zone)
    at = working_days.evening_of(calendar.after(came_on, number), settings.time_zone)
    return Due(min(at, outer_at), outer_at)


def calendar_of(*years: int) -> Calendar:
    """The calendar of these years, from the operator's folder where one is set."""
    return working_days.read(years, current().calendar_dir)


def days_left(due_at: datetime, now: datetime) -> int:
    """Working days until a due date, today not counted; negative for days that have passed."""
    zone = ZoneInfo(current().time_zone)
    today, last = now.astimezone(zone).date(), due_at.astimezone(zone).date()
    calendar = calendar_of(*range(min(today.year, last.year), max(today.year, last.year) + 1))
    return calendar.between(today, last) - calendar.between(last, today)
