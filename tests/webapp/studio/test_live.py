"""Watching a campaign: how long it still takes, what an act will do, what it waits for."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.languages import speaking
from mailing.base.settings import Settings
from mailing.campaigns import campaigns
from mailing.deliveries import pulse
from mailing.deliveries.pulse import Minute
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import World, let_go
from webapp.studio import charts, sparing
from webapp.studio.shell import time_left

NOON = datetime(2026, 11, 27, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def marketer(browse: Callable[[Role], Browser], world: World) -> Browser:
    return browse(Role.MARKETER)


@pytest.fixture
def at(world: World) -> str:
    return f"/studio/campaigns/{world.campaign_id}"


def _started(web: Flask, world: World, minutes: int) -> None:
    """Its beginning, and an answer of a relay each ten seconds of the last minutes."""
    with web.app_context():
        values = {"at": NOON - timedelta(minutes=minutes), "now": NOON}
        db.session.execute(text("UPDATE campaigns SET started_at = :at"), values)
        db.session.execute(
            text(
                "UPDATE deliveries d SET finished_at = :now - r.n * interval '10 seconds' "
                "FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM deliveries) r "
                "WHERE r.id = d.id"
            ),
            values,
        )
        db.session.commit()


def test_the_sentence_says_how_long_the_rest_takes_at_the_present_rate(
    web: Flask, marketer: Browser, world: World, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go(web, world, ["accepted"] * 5 + ["refused"])
    _started(web, world, 5)
    monkeypatch.setattr(clock, "now", lambda: NOON)
    with web.app_context():
        beat = pulse.of(campaigns.find(world.campaign_id))
        assert beat.a_minute == 6
        assert beat.seconds_for(3) == 30
        assert sum(one.number for one in beat.minutes) == 6
        assert [one.number for one in beat.minutes][-2:] == [6, 0]
    page = marketer.get(f"{at}/live?lang=en").text
    assert "5</b> of 9 have been accepted. Less than a minute is left." in page
    assert "At most 6 messages in a minute; now about 6 a minute" in page


def test_what_does_not_move_has_no_end_in_sight(
    web: Flask, marketer: Browser, world: World, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go(web, world, ["accepted"])
    _started(web, world, 50)
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(minutes=10))
    page = marketer.get(f"{at}/live?lang=en").text
    assert "left." not in page
    assert "It waits for: a worker to take it up; is one running" in page
    russian = marketer.get(f"{at}/live?lang=ru").text
    assert "is one running" not in russian


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (5, "Less than a minute is left."),
        (61, "About 2 minutes are left."),
        (7200, "About 120 minutes are left."),
        (7201, "About 3 hours are left."),
    ],
)
def test_the_time_that_is_left_is_said_roughly(web: Flask, seconds: int, words: str) -> None:
    with web.test_request_context("/studio/"), speaking("en"):
        assert time_left(seconds) == words


def test_each_act_says_what_it_will_do_before_it_is_pressed(
    web: Flask, marketer: Browser, world: World, at: str
) -> None:
    let_go(web, world, ["accepted", "accepted", "sealed", "deferred"])
    page = marketer.get(f"{at}/live?lang=en").text
    assert "Pause: what is on the wire is finished, and 6 people wait" in page
    marketer.post(f"{at}/pause")
    page = marketer.get(f"{at}/live?lang=en").text
    assert "Go on: 6 people are asked about anew" in page
    assert "now about" not in page
    assert "A striped minute: somebody, or the brake, paused it." in page


def test_a_viewer_sees_no_act_and_no_word_of_what_it_would_do(
    web: Flask, browse: Callable[[Role], Browser], world: World, at: str
) -> None:
    let_go(web, world, ["accepted"])
    page = browse(Role.VIEWER).get(f"{at}/live?lang=en").text
    assert "Pause" not in page
    assert "<form" not in page.split('id="live"')[1].split("</main>")[0]


def test_bars_stand_side_by_side_and_the_limit_is_drawn_where_it_is_near(web: Flask) -> None:
    minutes = [Minute(NOON, number) for number in (0, 30, 60)]
    drawn = charts.bars(minutes, 60, 60)
    assert [one.x for one in drawn.bars] == [95.0, 96.67, 98.33]
    assert [one.height for one in drawn.bars] == [0.0, 43.48, 86.96]
    assert drawn.limit_y == pytest.approx(13.04)
    assert charts.bars(minutes, 60, 6000).limit_y is None
    assert charts.bars(minutes, 60, None).limit_y is None


@pytest.mark.parametrize(("values", "over"), [((), False), ((0, 3, 3, 9), False), ((0, 11), True)])
def test_a_curve_climbs_in_steps_and_knows_whether_it_has_passed_its_line(
    values: tuple[int, ...], over: bool
) -> None:
    drawn = charts.curve(values, 72, 10)
    heights = [float(point.split(",")[1]) for point in drawn.points.split()]
    assert heights == sorted(heights, reverse=True)
    assert all(0 <= one <= 100 for one in heights)
    assert drawn.is_over == over


def test_a_look_that_takes_long_is_made_once_for_all_who_watch(
    web: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    now = [100.0]
    monkeypatch.setattr("webapp.studio.sparing.time.monotonic", lambda: now[0])

    def look(took: float) -> int:
        looks.append(1)
        now[0] += took
        return len(looks)

    with web.app_context():
        assert [sparing.sparingly("quick", lambda: look(0.001)) for _ in range(3)] == [1, 2, 3]
        assert [sparing.sparingly("dear", lambda: look(0.5)) for _ in range(3)] == [4, 4, 4]
        now[0] += 9.9
        assert sparing.sparingly("dear", lambda: look(0.5)) == 4
        now[0] += 0.2
        assert sparing.sparingly("dear", lambda: look(0.5)) == 5


def test_the_limit_on_a_minute_is_the_lowest_that_is_set(settings: Settings) -> None:
    assert pulse.limit_a_minute(settings) is None
    both = settings.model_copy(update={"rate": 20.0, "campaign_rate": 14.0})
    assert pulse.limit_a_minute(both) == 840
