"""Cooling off: between the decision to destroy and the deed lie some hours in which people are at
work, so that a slip is noticed. They never make a request late: where its due date comes first,
they end before it. A slip is a slip when it is late, too: a quarter of an hour there always is.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailing.base.settings import current
from mailing.base.working_days import EVENING, Calendar
from mailing.requests import due

MORNING = time(9)
# What is left for the deed itself before the request is due.
MARGIN = timedelta(minutes=30)
AT_LEAST = timedelta(minutes=15)


def until(now: datetime, due_at: datetime | None) -> datetime:
    """When the cooling-off ends that begins now."""
    settings = current()
    zone = ZoneInfo(settings.time_zone)
    calendar = due.calendar_of(now.astimezone(zone).year, now.astimezone(zone).year + 1)
    ends = after(now, timedelta(hours=settings.cooling_hours), zone, calendar)
    return ends if due_at is None else min(ends, max(now + AT_LEAST, due_at - MARGIN))


def after(now: datetime, hours: timedelta, zone: ZoneInfo, calendar: Calendar) -> datetime:
    """The moment after so much working time (9 to 18 o'clock on working days). A pure function."""
    at, left = now.astimezone(zone), hours
    while True:
        opens, closes = (datetime.combine(at.date(), hour, zone) for hour in (MORNING, EVENING))
        begins = max(at, opens)
        if calendar.is_working(at.date()) and begins + left <= closes:
            return (begins + left).astimezone(now.tzinfo)
        if calendar.is_working(at.date()) and begins < closes:
            left -= closes - begins
        at = datetime.combine(at.date() + timedelta(days=1), time(), zone)
