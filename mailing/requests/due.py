"""Due dates: working days of Kazakhstan from the day after a request came, and an outer limit.

The terms are settings. The law's clocks that we know of (answer within three working days, change,
block or destroy within one, fifteen days at the outside) are read at their strictest: the outer
limit counts every day, and the earlier of the two is the one that a request is due by.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from mailing.base import working_days
from mailing.base.errors import ConfigurationError
from mailing.base.settings import Settings, current
from mailing.base.working_days import Calendar
from mailing.requests.kinds import Kind

_log = structlog.get_logger()

# What changes, stops or destroys is asked for within the shorter term.
PROMPT = frozenset(
    {
        Kind.WITHDRAWAL,
        Kind.RECTIFICATION,
        Kind.DESTRUCTION,
        Kind.BLOCKING,
        Kind.UNBLOCKING,
        Kind.UNSUBSCRIBE,
        Kind.COMPLAINT,
    }
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
    number = settings.correct_days if kind in PROMPT else settings.answer_days
    outer_day = came_on + timedelta(days=settings.outer_days)
    outer_at = working_days.evening_of(outer_day, settings.time_zone)
    at = working_days.evening_of(calendar.after(came_on, number), settings.time_zone)
    return Due(min(at, outer_at), outer_at)


def moved(due: Due, days: int) -> Due:
    """Later by so many working days, and never beyond the outer limit, which does not move."""
    zone = current().time_zone
    day = due.at.astimezone(ZoneInfo(zone)).date()
    at = working_days.evening_of(calendar_of(day.year, day.year + 1).after(day, days), zone)
    return Due(min(at, due.outer_at), due.outer_at)


def days_between(begun: datetime, ended: datetime) -> int:
    """The working days that began after one moment, up to another."""
    zone = ZoneInfo(current().time_zone)
    first, last = begun.astimezone(zone).date(), ended.astimezone(zone).date()
    return calendar_between(begun, ended).between(first, last)


def calendar_of(*years: int) -> Calendar:
    """The calendar of these years, from the operator's folder where one is set.

    A broken file must not keep a person's request from being opened: weekends alone count then,
    and `kelisim doctor` names the file.
    """
    try:
        return working_days.read(years, current().calendar_dir)
    except ConfigurationError as error:
        _log.warning("the calendar cannot be read", problem=error.message)
        return Calendar()


def days_left(due_at: datetime, now: datetime, calendar: Calendar | None = None) -> int:
    """Working days until a due date, today not counted; negative for days that have passed.

    Whoever asks about many brings the calendar of all their years along.
    """
    zone = ZoneInfo(current().time_zone)
    today, last = now.astimezone(zone).date(), due_at.astimezone(zone).date()
    known = calendar or calendar_between(due_at, now)
    return known.between(today, last) - known.between(last, today)


def calendar_between(*moments: datetime) -> Calendar:
    """The calendar of every year from the first of these moments to the last."""
    zone = ZoneInfo(current().time_zone)
    years = [moment.astimezone(zone).year for moment in moments]
    return calendar_of(*range(min(years), max(years) + 1))
