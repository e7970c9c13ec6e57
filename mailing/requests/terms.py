"""The terms that the desk works by, each with where it comes from: a setting, a file, the law."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from mailing.base import clock, working_days
from mailing.base.errors import ConfigurationError
from mailing.base.settings import current
from mailing.requests.due import PROMPT
from mailing.requests.inquiries import LASTS
from mailing.requests.kinds import RIGHTS, Kind


@dataclass(frozen=True)
class Term:
    """One clock: `name` is what it is of, `days` how many, counted as working days or every day;
    `source` the setting, or the law, that it comes from."""

    name: str
    days: int
    is_working: bool
    source: str


@dataclass(frozen=True)
class Year:
    """The calendar of one year: where it was read, what is off and what is worked. `file` None
    where there is none: weekends alone count then. `problem` says why it cannot be read."""

    year: int
    file: str | None
    off: list[date]
    worked: list[date]
    problem: str | None = None


def everything() -> list[Term]:
    """Each right's own term, then the others."""
    settings = current()
    rights = [_of_right(kind) for kind in RIGHTS]
    return [
        *rights,
        Term("outer_limit", settings.outer_days, False, "KELISIM_OUTER_DAYS"),
        Term("link", LASTS.days, False, "built in"),
        Term("incident", 1, True, "law No. 94-V"),
    ]


def calendar() -> list[Year]:
    """This year and the next, as they are read now."""
    this = clock.today(current().time_zone).year
    return [_year(one, current().calendar_dir) for one in (this, this + 1)]


def _of_right(kind: Kind) -> Term:
    settings = current()
    if kind in PROMPT:
        return Term(kind.value, settings.correct_days, True, "KELISIM_CORRECT_DAYS")
    return Term(kind.value, settings.answer_days, True, "KELISIM_ANSWER_DAYS")


def _year(year: int, folder: Path | None) -> Year:
    path = (folder or working_days.OURS) / f"{year}.toml"
    try:
        read = working_days.read([year], folder)
    except ConfigurationError as error:
        return Year(year, path.name, [], [], error.message)
    file = path.name if path.is_file() else None
    return Year(year, file, sorted(read.off), sorted(read.worked))


def holidays(year: Year) -> list[tuple[date, date]]:
    """Days off that follow one another, as first and last."""
    spans: list[tuple[date, date]] = []
    for day in year.off:
        if spans and day - spans[-1][1] == timedelta(days=1):
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return spans
