"""The calendar of working days: whether due dates are counted with its holidays."""

from collections.abc import Iterator
from datetime import timedelta

from console.doctor.finding import Finding, fine, look, wrong
from mailing.base import clock, working_days
from mailing.base.errors import ConfigurationError
from mailing.base.settings import Settings

# So long before a year begins somebody should have written its holidays down.
AHEAD = timedelta(days=45)


def calendar(settings: Settings) -> Iterator[Finding]:
    """The years that requests of today may be due in; a missing one is judged by its weekends."""
    today = clock.today(settings.time_zone)
    years = sorted({today.year, (today + AHEAD).year})
    try:
        known = working_days.read(years, settings.calendar_dir).years
    except ConfigurationError as error:
        yield wrong("calendar", error.message)
        return
    missing = [str(year) for year in years if year not in known]
    if missing:
        yield look(
            "calendar",
            f"no holidays of {', '.join(missing)}: due dates are counted by weekends alone; "
            "put a file for the year into KELISIM_CALENDAR_DIR",
        )
    else:
        yield fine("calendar", f"working days of {', '.join(map(str, years))}")
