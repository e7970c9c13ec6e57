"""A day and a time of day as a form asks for them, in the operator's time zone."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from mailing.base.errors import Invalid
from mailing.base.languages import gettext


def moment(day: str, hour: str, zone: str) -> datetime | None:
    """The moment in UTC; None where neither is filled in.

    Raises Invalid for half of it, for what is no time, and for one that the clocks leave out.
    """
    if not day.strip() and not hour.strip():
        return None
    try:
        local = datetime.combine(date.fromisoformat(day.strip()), time.fromisoformat(hour.strip()))
    except ValueError:
        raise Invalid(gettext("Enter a day and a time, like 2026-11-27 and 09:00."), "at") from None
    if local.tzinfo is not None:
        raise Invalid(gettext("Enter a day and a time, like 2026-11-27 and 09:00."), "at")
    there = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    if there.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local:
        raise Invalid(gettext("The clocks are put forward then: this time does not exist."), "at")
    return there
