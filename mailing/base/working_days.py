"""Working days of Kazakhstan, as data: a file a year that the operator can read and mend.

Pure functions over days; the files are read anew each time, so that a change counts at once.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from mailing.base.errors import ConfigurationError

OURS = Path(__file__).parent / "calendars"
# A term that is counted in days ends with the working hours of its last day.
EVENING = time(18)
A_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Calendar:
    """`off` are working days of the week that are none, `worked` weekend days that are; a year
    that is not among `years` is judged by its weekends alone."""

    off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()
    years: frozenset[int] = frozenset()

    def is_working(self, day: date) -> bool:
        """Whether anybody is at work on this day."""
        return day in self.worked or (day.weekday() < _SATURDAY and day not in self.off)

    def after(self, day: date, number: int) -> date:
        """The `number`-th working day after a day, which itself does not count."""
        found = day
        for _ in range(number):
            found = self._next(found)
        return found

    def between(self, first: date, last: date) -> int:
        """How many working days lie after `first` up to `last`, that one included."""
        days = max((last - first).days, 0)
        return sum(self.is_working(first + A_DAY * step) for step in range(1, days + 1))

    def _next(self, day: date) -> date:
        day += A_DAY
        while not self.is_working(day):
            day += A_DAY
        return day


def read(years: Iterable[int], folder: Path | None = None) -> Calendar:
    """The calendar of these years, as far as there are files; raises ConfigurationError for one
    that cannot be understood."""
    found = {year: (folder or OURS) / f"{year}.toml" for year in sorted(set(years))}
    read_in = {year: _days(path, year) for year, path in found.items() if path.is_file()}
    return Calendar(
        off=frozenset[date]().union(*(off for off, _ in read_in.values())),
        worked=frozenset[date]().union(*(worked for _, worked in read_in.values())),
        years=frozenset(read_in),
    )


def evening_of(day: date, zone: str) -> datetime:
    """The end of a day's work where the operator is, in UTC."""
    return datetime.combine(day, EVENING, ZoneInfo(zone)).astimezone(UTC)


def _days(path: Path, year: int) -> tuple[frozenset[date], frozenset[date]]:
    try:
        told = tomllib.loads(path.read_text("utf-8"))
        off, worked = frozenset(told.get("off", ())), frozenset(told.get("worked", ()))
        strays = [day for day in off | worked if type(day) is not date or day.year != year]
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"The calendar {path.name} cannot be read: {error}.") from None
    if strays or off & worked:
        raise ConfigurationError(
            f"The calendar {path.name} holds what is no day of {year}, or one day twice over."
        )
    return off, worked
