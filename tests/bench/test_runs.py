"""Each benchmark on real parts, small: what is measured is there, and a loss is no measurement.

The numbers of runs this small say nothing; docs/benchmarks.md has those that do.
"""

import json
from typing import Any

import pytest

from bench import campaign, crash, distance, dkim, goals, ground, leaving, pages, rig, scale, work
from bench.ground import Ground
from bench.measure import DoesNotCount
from bench.sink import sink
from bench.sizes import Sizes
from bench.tables import tables
from tests import parts, road

pytestmark = [pytest.mark.xdist_group("bench"), pytest.mark.usefixtures("durable", "programs")]

SMALL = Sizes(
    messages=400,
    message_size=3_000,
    rounds=1,
    connections=8,
    few=8,
    small=500,
    large=20_000,
    far=100,
    many=2,
    delay=50,
    crowd=2_000,
    leaves=6,
    kills=1,
    every=1,
)


@pytest.fixture
def programs() -> None:
    parts.demand("smtp-sink")
    parts.demand("smtp-source")


def test_a_campaign_is_measured_beside_smtp_source() -> None:
    found = campaign.measure(SMALL)
    assert found["figures"]["campaign_to_smtp_source"] > 0
    [one] = found["rounds_by_connections"][8]
    assert one["kelisim"]["sink_counted"] == one["kelisim"]["accepted"] == 400
    assert {"sending", "database", "sink"} <= set(
        one["kelisim"]["processor"]["microseconds_a_message"]
    )
    shown = _shown("campaign", found)
    assert "8 connections each:" in shown
    assert f"| {one['kelisim']['rate']:,.0f} |" in shown


def test_a_campaign_that_is_refused_is_not_measured(place: Ground) -> None:
    work.people(road.lay(), 20)
    with (
        sink("-f", "DATA") as refusing,
        rig.rig(place, refusing, 1) as over,
        pytest.raises(DoesNotCount, match="of 20 messages the sink counted 0"),
    ):
        rig.send(over, road.campaign(), 20)


def test_a_worker_that_cannot_start_is_told_by_its_own_words(place: Ground) -> None:
    wrong = {"KELISIM_SUPPRESSION_KEY": "short"}
    with (
        sink() as into,
        pytest.raises(DoesNotCount, match="KELISIM_SUPPRESSION_KEY"),
        rig.rig(place, into, 1, **wrong),
    ):
        raise AssertionError("it has started")


def test_a_database_that_may_lose_commits_is_not_measured(place: Ground) -> None:
    url = place.environment["KELISIM_DATABASE_URL"]
    name = url.rpartition("/")[2]
    with ground.connection(place) as database:
        database.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    with pytest.raises(DoesNotCount, match="synchronous_commit is off"):
        ground.durability(url)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_unsigned_messages_are_not_measured_as_signed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dkim, "_settings", lambda sizes, key: {})
    with pytest.raises(DoesNotCount, match="0 are signed well"):
        dkim.measure(SMALL)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_people_who_leave_during_campaigns_are_timed() -> None:
    found = leaving.measure(SMALL)
    busy: dict[str, Any] = found["while_sending"]
    assert busy["one_click"]["times"] == found["at_rest"]["one_click"]["times"] == 6
    assert sum(one["left"] for one in busy["campaigns"]) == 6
    assert found["figures"]["one_click_p99_ms"] == busy["one_click"]["p99_ms"]
    assert f"| {busy['one_click']['p99_ms']} |" in _shown("leave", found)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_signed_messages_are_measured_beside_signatures() -> None:
    found = dkim.measure(SMALL)
    assert found["figures"]["dkim_to_raw_signatures"] > 0
    assert found["rounds"][0]["kelisim"]["accepted"] == 400
    assert "signed messages/s" in _shown("dkim", found)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_large_list_is_measured_beside_a_small_one() -> None:
    found = scale.measure(SMALL)
    large = found["large"]
    assert large["audience"] == {
        "considered": 20_000,
        "will_receive": 19_200,
        "held": {"unsubscribed": 800},
    }
    assert large["stop"]["out_is_exact"]
    assert large["stop"]["answer"]["out"] + large["stop"]["answer"]["stopped"] == 19_200
    assert {"stop_seconds", "first_message_seconds"} <= set(found["figures"])
    out = large["stop"]["answer"]["out"]
    assert f"The stop said {out:,} out" in _shown("scale", found)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_the_pages_of_the_studio_and_what_they_count_are_timed_apart() -> None:
    found = pages.measure(SMALL.with_given({"campaigns": 60}))
    counted = found["counts"]["a segment, everybody"]
    assert found["figures"]["studio_count_ms"] >= counted["first_ms"]
    assert found["figures"]["studio_page_ms"] >= found["pages"]["today"]["first_ms"]
    assert f"| a segment, everybody | {counted['first_ms']} |" in _shown("studio", found)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_more_workers_are_measured_beside_one_at_a_distance() -> None:
    found = distance.measure(SMALL)
    assert found["round_trip"]["min_ms"] >= 50
    assert found["rounds"][0]["many"]["accepted"] == 200
    assert found["figures"]["many_workers_to_one"] > 0
    assert "delayer's share" in _shown("distance", found)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_the_aftermath_of_kills_is_timed() -> None:
    found = crash.measure(SMALL.with_given({"crowd": 12_000}))
    for kind in ("sending_process", "whole_worker"):
        [one] = found[kind]["kills"]
        assert one["rows"] > 0
        assert 0 < one["settled"] <= one["all_taken"] + 0.1
        assert 0 < one["taken"] <= one["all_taken"]
    [both] = found["throughput"]["rounds"]
    assert both["with_kills"]["kills"] > 0
    assert both["calm"]["uncertain"] == 0
    assert "| a whole worker | 1 |" in _shown("crash", found)


def _shown(name: str, found: dict[str, Any]) -> str:
    """The tables of a document that was written and read again, as a run's would be."""
    document = {"results": {name: found}, "goals": goals.judged({name: found})}
    return "\n".join(tables(json.loads(json.dumps(document))))
