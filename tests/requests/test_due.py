"""Due dates: stored when a request comes, by the working days of Kazakhstan."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from mailing.base import clock, working_days
from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.requests import due
from mailing.requests.kinds import Kind
from mailing.requests.requests import NewRequest, find, open_request

ALMATY = ZoneInfo("Asia/Almaty")
CALENDAR = working_days.read((2025, 2026, 2027))
MOMENTS = st.datetimes(
    # Hypothesis takes naive limits and adds the zone itself.
    datetime.fromisoformat("2025-01-01"),
    datetime.fromisoformat("2027-11-01"),
    timezones=st.just(UTC),
)


def test_answers_take_three_working_days_corrections_one_and_nothing_more_than_fifteen(
    settings: Settings,
) -> None:
    came = datetime(2026, 3, 19, 23, 30, tzinfo=ALMATY)
    asked = due.reckon(settings, CALENDAR, Kind.QUESTION, came)
    withdrawn = due.reckon(settings, CALENDAR, Kind.WITHDRAWAL, came)
    assert asked.at == datetime(2026, 3, 27, 18, tzinfo=ALMATY)
    assert withdrawn.at == datetime(2026, 3, 20, 18, tzinfo=ALMATY)
    assert asked.outer_at == withdrawn.outer_at == datetime(2026, 4, 3, 18, tzinfo=ALMATY)


def test_the_day_is_the_operators_and_not_greenwichs(settings: Settings) -> None:
    late = datetime(2026, 11, 26, 20, tzinfo=UTC)  # Friday, one o'clock at night, in Almaty.
    assert due.reckon(settings, CALENDAR, Kind.DESTRUCTION, late).at == datetime(
        2026, 11, 30, 18, tzinfo=ALMATY
    )


# The settings are frozen, so one object serves every example.
@tries(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MOMENTS, st.sampled_from(list(Kind)), st.integers(1, 60), st.integers(1, 60))
def test_whatever_the_terms_are_a_request_is_due_after_it_came_and_within_the_outer_limit(
    settings: Settings, came: datetime, kind: Kind, number: int, outer: int
) -> None:
    terms = {"answer_days": number, "correct_days": number, "outer_days": outer}
    dates = due.reckon(settings.model_copy(update=terms), CALENDAR, kind, came)
    assert came < dates.outer_at + timedelta(hours=6)
    assert dates.at <= dates.outer_at
    assert dates.outer_at - came <= timedelta(days=outer, hours=18)
    is_cut = dates.at == dates.outer_at
    assert is_cut or CALENDAR.is_working(dates.at.astimezone(ALMATY).date())


def test_a_later_change_of_the_calendar_moves_no_stored_date(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "2026.toml").write_text("off = [2026-12-01]")
    settings: Settings = app.extensions["kelisim"]
    monkeypatch.setitem(
        app.extensions, "kelisim", settings.model_copy(update={"calendar_dir": tmp_path})
    )
    came = datetime(2026, 11, 30, 10, tzinfo=ALMATY)
    before = open_request(NewRequest(Kind.RECTIFICATION, received_at=came))
    db.session.commit()
    (tmp_path / "2026.toml").write_text("")
    after = open_request(NewRequest(Kind.RECTIFICATION, received_at=came))
    db.session.commit()
    assert find(before.id).due_at == datetime(2026, 12, 2, 18, tzinfo=ALMATY)
    assert find(after.id).due_at == datetime(2026, 12, 1, 18, tzinfo=ALMATY)


def test_a_broken_calendar_keeps_nobodys_request_from_being_opened(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "2026.toml").write_text("off = [1999-01-01]")
    settings: Settings = app.extensions["kelisim"]
    broken = settings.model_copy(update={"calendar_dir": tmp_path})
    monkeypatch.setitem(app.extensions, "kelisim", broken)
    came = datetime(2026, 3, 20, 10, tzinfo=ALMATY)
    request = open_request(NewRequest(Kind.RECTIFICATION, received_at=came))
    assert request.due_at == datetime(2026, 3, 23, 18, tzinfo=ALMATY)


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (datetime(2026, 3, 20, 9, tzinfo=ALMATY), 2),
        (datetime(2026, 3, 25, 9, tzinfo=ALMATY), 2),
        (datetime(2026, 3, 27, 9, tzinfo=ALMATY), 0),
        (datetime(2026, 3, 30, 9, tzinfo=ALMATY), -1),
    ],
)
def test_days_left_are_working_days(app: Flask, now: datetime, left: int) -> None:
    with clock.use(lambda: now):
        assert due.days_left(datetime(2026, 3, 27, 18, tzinfo=ALMATY), clock.now()) == left
