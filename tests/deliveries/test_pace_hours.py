"""Sending hours, on ordinary days and on those when the clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailing.base.errors import ConfigurationError
from mailing.base.hours import spans
from mailing.base.settings import Settings, load
from mailing.deliveries import hours


def with_hours(settings: Settings, text: str, zone: str = "Asia/Almaty") -> Settings:
    return settings.model_copy(update={"sending_hours": spans(text), "time_zone": zone})


def wall(zone: str, *moment: int, fold: int = 0) -> datetime:
    return datetime(*moment, tzinfo=ZoneInfo(zone), fold=fold)  # type: ignore[arg-type,misc]


def almaty(*moment: int) -> datetime:
    return wall("Asia/Almaty", *moment)


def test_without_hours_it_is_always_allowed(settings: Settings) -> None:
    assert hours.may_send(settings, almaty(2026, 11, 22, 3))
    assert hours.opens_at(settings, almaty(2026, 11, 22, 3)) is None


@pytest.mark.parametrize(
    ("text", "day", "hour", "minute", "is_open"),
    [
        ("09:00-21:00", 22, 8, 59, False),
        ("09:00-21:00", 22, 9, 0, True),
        ("09:00-21:00", 22, 20, 59, True),
        ("09:00-21:00", 22, 21, 0, False),
        ("00:00-24:00", 22, 23, 59, True),
        ("22:00-06:00", 22, 23, 0, True),
        ("22:00-06:00", 22, 5, 59, True),
        ("22:00-06:00", 22, 6, 0, False),
        ("mon-fri 09:00-21:00", 22, 12, 0, False),  # 22 November 2026 is a Sunday
        ("mon-fri 09:00-21:00", 23, 12, 0, True),
        ("Mon-Fri 9:00 - 21:00, sun 10:00-12:00", 22, 11, 0, True),
        ("sun 22:00-06:00", 23, 5, 0, True),  # the night belongs to the day on which it begins
        ("mon 22:00-06:00", 23, 5, 0, False),
        ("sat-mon 10:00-11:00", 22, 10, 30, True),
        ("sat-mon 10:00-11:00", 24, 10, 30, False),
    ],
)
def test_the_wall_clock_of_the_operator_decides(
    settings: Settings, text: str, day: int, hour: int, minute: int, is_open: bool
) -> None:
    at = almaty(2026, 11, day, hour, minute).astimezone(UTC)
    assert hours.may_send(with_hours(settings, text), at) is is_open


def test_it_opens_at_the_next_beginning(settings: Settings) -> None:
    limited = with_hours(settings, "mon-fri 09:00-21:00")
    friday_night = almaty(2026, 11, 20, 21, 0, 1)
    assert hours.opens_at(limited, friday_night) == almaty(2026, 11, 23, 9)
    assert hours.opens_at(limited, almaty(2026, 11, 23, 9)) is None


def test_a_beginning_that_the_clock_jumps_over_is_the_moment_after_the_jump(
    settings: Settings,
) -> None:
    """Berlin, 29 March 2026: after 01:59 comes 03:00."""
    limited = with_hours(settings, "02:30-05:00", "Europe/Berlin")
    opens = hours.opens_at(limited, wall("Europe/Berlin", 2026, 3, 29, 0, 30))
    assert opens == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_an_hour_that_comes_twice_is_open_twice(settings: Settings) -> None:
    """Berlin, 25 October 2026: 02:00 to 02:59 comes twice."""
    limited = with_hours(settings, "02:30-02:45", "Europe/Berlin")
    first, again = (wall("Europe/Berlin", 2026, 10, 25, 2, 30, fold=fold) for fold in (0, 1))
    assert again.astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=1)
    assert hours.may_send(limited, first)
    assert hours.may_send(limited, again)
    between = first.astimezone(UTC) + timedelta(minutes=20)
    assert not hours.may_send(limited, between)
    assert hours.opens_at(limited, between) == again.astimezone(UTC)


def test_hours_that_the_calendar_never_shows_open_never(settings: Settings) -> None:
    """Apia had no Friday, 30 December 2011: the one after it counts."""
    limited = with_hours(settings, "fri 10:00-11:00", "Pacific/Apia")
    opens = hours.opens_at(limited, wall("Pacific/Apia", 2011, 12, 29, 12))
    assert opens == wall("Pacific/Apia", 2012, 1, 6, 10)


@given(
    at=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - made aware below
    text=st.sampled_from(["09:00-21:00", "22:00-06:00", "sat 23:30-00:30", "tue-thu 02:10-02:40"]),
    zone=st.sampled_from(["Asia/Almaty", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"]),
)
def test_it_is_closed_until_it_opens_and_open_then(at: datetime, text: str, zone: str) -> None:
    limited = Settings.model_construct(sending_hours=spans(text), time_zone=zone)
    moment = at.replace(tzinfo=UTC)
    opens = hours.opens_at(limited, moment)
    assert (opens is None) is hours.may_send(limited, moment)
    if opens is not None:
        assert moment < opens
        assert hours.may_send(limited, opens)
        steps = int((opens - moment) / timedelta(minutes=7))
        passed = [moment + timedelta(minutes=7 * step) for step in range(steps)]
        assert not any(hours.may_send(limited, before) for before in passed)


@pytest.mark.parametrize(
    "text",
    [
        "9-21",
        "09:00-09:00",
        "24:00-06:00",
        "09:00-24:01",
        "25:00-26:00",
        "mo 09:00-21:00",
        "mon-fry 09:00-21:00",
        "mon- 09:00-21:00",
        "09:00-21:00 mon",
        "09:60-21:00",
        "always",
    ],
)
def test_hours_that_cannot_be_read_stop_the_start_by_name(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("KELISIM_SENDING_HOURS", text)
    with pytest.raises(ConfigurationError, match="KELISIM_SENDING_HOURS: cannot read"):
        load(_env_file=None)
