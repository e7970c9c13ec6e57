"""Figures beside their goals: what is not met must not look met."""

import pytest

from bench import goals
from bench.__main__ import BENCHMARKS
from bench.goals import GOALS, figures, judged, line


def test_less_is_better_where_a_goal_says_at_most() -> None:
    ratio, wait = GOALS["campaign_to_smtp_source"], GOALS["after_kill_seconds"]
    assert [ratio.is_met(one) for one in (0.49, 0.5, 0.9)] == [False, True, True]
    assert [wait.is_met(one) for one in (1.01, 1.0, 0.3)] == [False, True, True]


def test_each_figure_stands_beside_its_goal() -> None:
    results = {
        "leave": {"figures": figures(one_click_p99_ms=61.0), "other": 1},
        "campaign": {"figures": figures(campaign_to_smtp_source=0.7)},
        "audience": {"count": {}},
    }
    told = judged(results)
    assert [one["name"] for one in told] == ["campaign_to_smtp_source", "one_click_p99_ms"]
    assert [one["is_met"] for one in told] == [True, False]
    assert line(told[0]).endswith("0.7 (must 0.5, aim 0.9) met")
    assert line(told[1]).endswith("61 (must 60, aim 25) NOT met")


def test_a_figure_without_a_goal_is_a_mistake() -> None:
    with pytest.raises(KeyError, match="speed"):
        figures(speed=1.0)


def test_every_row_of_the_goals_is_as_strict_as_its_aim() -> None:
    for name, goal in goals.GOALS.items():
        assert goal.is_met(goal.aim), name


def test_whatever_has_a_goal_is_measured_by_a_benchmark() -> None:
    assert set(BENCHMARKS) == {
        *("campaign", "dkim", "scale", "distance", "leave", "crash", "audience", "import", "read"),
        *("arrive", "destroy", "backup", "evidence", "studio"),
    }
