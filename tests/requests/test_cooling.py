"""The cooling-off counts hours in which people are at work, and makes no request late."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from mailing.base.working_days import Calendar
from mailing.requests import cooling

ALMATY = ZoneInfo("Asia/Almaty")
HOLIDAY = date(2026, 11, 26)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ALMATY)


@pytest.mark.parametrize(
    ("begins", "hours", "ends"),
    [
        ("2026-11-25T10:00", 4, "2026-11-25T14:00"),
        ("2026-11-25T05:00", 4, "2026-11-25T13:00"),
        ("2026-11-25T14:00", 4, "2026-11-25T18:00"),
        ("2026-11-25T16:00", 4, "2026-11-27T11:00"),
        ("2026-11-25T18:00", 4, "2026-11-27T13:00"),
        ("2026-11-27T17:00", 4, "2026-11-30T12:00"),
        ("2026-11-28T12:00", 4, "2026-11-30T13:00"),
        ("2026-11-25T10:00", 20, "2026-11-30T12:00"),
        ("2026-11-25T10:00", 0, "2026-11-25T10:00"),
    ],
    ids=["now", "early", "to the evening", "over a holiday", "late", "over the weekend",
         "on a Saturday", "days", "none"],
)  # fmt: skip
def test_working_hours_are_counted(begins: str, hours: float, ends: str) -> None:
    calendar = Calendar(off=frozenset({HOLIDAY}))
    found = cooling.after(local(begins), timedelta(hours=hours), ALMATY, calendar)
    assert found == local(ends)


def test_it_ends_in_time_for_the_request_and_of_one_that_is_late_a_slip_is_noticed_too(
    app: Flask,
) -> None:
    now = local("2026-11-25T10:00")
    assert cooling.until(now, None) == now + timedelta(hours=4)
    due = now + timedelta(hours=2)
    assert cooling.until(now, due) == due - cooling.MARGIN
    for late in (now + timedelta(minutes=31), now - timedelta(days=3)):
        assert cooling.until(now, late) == now + cooling.AT_LEAST
