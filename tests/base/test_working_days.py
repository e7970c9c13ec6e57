"""Working days of Kazakhstan, from files that an operator can read and mend."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailing.base import working_days
from mailing.base.errors import ConfigurationError
from mailing.base.working_days import Calendar, read

DAYS = st.dates(date(2025, 1, 1), date(2027, 11, 30))
NUMBERS = st.integers(1, 15)
CALENDAR = read((2025, 2026, 2027))


@given(DAYS, NUMBERS)
def test_a_term_ends_on_a_working_day_after_as_many_working_days(day: date, number: int) -> None:
    last = CALENDAR.after(day, number)
    assert CALENDAR.is_working(last)
    assert last > day
    assert CALENDAR.between(day, last) == number


@given(DAYS, NUMBERS)
def test_who_asks_later_is_never_due_earlier(day: date, number: int) -> None:
    assert CALENDAR.after(day, number) <= CALENDAR.after(day + timedelta(days=1), number)
    assert CALENDAR.after(day, number) < CALENDAR.after(day, number + 1)


@given(DAYS, DAYS)
def test_working_days_between_add_up(first: date, last: date) -> None:
    early, late = sorted((first, last))
    days = (early + timedelta(days=step) for step in range(1, (late - early).days + 1))
    assert CALENDAR.between(early, late) == sum(CALENDAR.is_working(day) for day in days)
    assert CALENDAR.between(late, early) == 0


@pytest.mark.parametrize(
    ("asked", "number", "last"),
    [
        # Nauryz of 2026: the 21st to the 23rd, the 24th and 25th for the weekend in it.
        (date(2026, 3, 20), 1, date(2026, 3, 26)),
        (date(2026, 3, 19), 3, date(2026, 3, 27)),
        # The end of the year: New Year on Thursday and Friday, Christmas on Wednesday.
        (date(2025, 12, 30), 3, date(2026, 1, 6)),
        (date(2026, 1, 6), 1, date(2026, 1, 8)),
        # A Sunday that was worked for a Friday off.
        (date(2025, 1, 2), 1, date(2025, 1, 4) + timedelta(days=1)),
        # What comes on a Saturday counts from Monday on.
        (date(2026, 11, 28), 3, date(2026, 12, 2)),
    ],
)
def test_known_terms(asked: date, number: int, last: date) -> None:
    assert CALENDAR.after(asked, number) == last


def test_a_year_without_data_is_judged_by_its_weekends() -> None:
    bare = read((2041,))
    assert bare == Calendar()
    assert bare.after(date(2041, 3, 21), 1) == date(2041, 3, 22)
    assert not bare.is_working(date(2041, 3, 23))


def test_the_evening_is_that_of_the_operator() -> None:
    # Kazakhstan keeps one time since March 2024: five hours ahead.
    assert working_days.evening_of(date(2026, 3, 20), "Asia/Almaty") == datetime(
        2026, 3, 20, 13, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "broken",
    [
        "off = [2030-02-30]",
        "off = [2031-01-01]",
        'off = ["2030-01-01"]',
        "off = 3",
        "off = [2030-01-01T00:00:00Z]",
        "off = [2030-01-05]\nworked = [2030-01-05]",
        "no toml at all",
    ],
)
def test_a_file_that_cannot_be_understood_is_named(tmp_path: Path, broken: str) -> None:
    (tmp_path / "2030.toml").write_text(broken)
    with pytest.raises(ConfigurationError, match=r"2030\.toml"):
        read((2030,), tmp_path)


def test_the_operators_file_counts_at_once(tmp_path: Path) -> None:
    (tmp_path / "2030.toml").write_text("off = [2030-01-02]")
    assert read((2030,), tmp_path).after(date(2030, 1, 1), 1) == date(2030, 1, 3)
    (tmp_path / "2030.toml").write_text("off = []")
    assert read((2030,), tmp_path).after(date(2030, 1, 1), 1) == date(2030, 1, 2)
