"""The arithmetic of the benchmarks: a wrong ratio would look as good as a right one."""

import os
import subprocess
import sys

import pytest

from bench.__main__ import BENCHMARKS
from bench.measure import DoesNotCount, demand, percentile, ratio, spread, timed
from bench.memory import Sample, Watch, look
from bench.sizes import FULL, MODEST, Sizes
from mailing.base.settings import ROOT


def test_a_ratio_is_the_median_of_ours_over_the_median_of_the_reference() -> None:
    assert ratio([100, 300, 200], [1000, 400, 10]) == 0.5
    assert ratio([1], [3]) == 0.333


@pytest.mark.parametrize(("ours", "reference"), [([], [1.0]), ([1.0], []), ([1.0], [0.0])])
def test_a_ratio_to_nothing_does_not_count(ours: list[float], reference: list[float]) -> None:
    with pytest.raises(DoesNotCount):
        ratio(ours, reference)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(one) for one in range(1, 101)][::-1]
    assert percentile(values, 0.99) == 99
    assert percentile(values, 0.5) == 50
    assert percentile(values, 1.0) == 100
    assert percentile([7.0], 0.99) == 7
    assert percentile([7.0, 9.0], 0.0) == 7


def test_a_spread_tells_the_middle_and_the_slowest() -> None:
    assert spread([3.0, 1.0, 2.004]) == {
        "times": 3,
        "p50_ms": 2.0,
        "p99_ms": 3.0,
        "min_ms": 1.0,
        "max_ms": 3.0,
    }


def test_every_call_is_timed_on_its_own() -> None:
    calls: list[int] = []
    took = timed(lambda: calls.append(1), 3)
    assert len(took) == len(calls) == 3
    assert all(one > 0 for one in took)


def test_a_run_that_lost_something_says_what() -> None:
    demand(True, "never said")
    with pytest.raises(DoesNotCount, match="19 of 20 arrived"):
        demand(False, "19 of 20 arrived")


def test_memory_is_told_at_the_start_in_the_middle_and_at_the_end() -> None:
    watch = Watch([os.getpid()])
    watch.samples = [Sample(float(n), 30 * 2**20 + n * 2**20, n * 2**20) for n in (1, 2, 9, 3, 4)]
    assert watch.told() == {
        "largest_child_mb": {"start": 1.0, "middle": 9.0, "end": 4.0},
        "together_mb": {"start": 31.0, "middle": 39.0, "end": 34.0},
        "highest_child_mb": 9.0,
    }


def test_the_memory_of_this_very_process_is_seen() -> None:
    with Watch([os.getpid()]) as watch:
        pass
    assert watch.samples
    assert look([os.getpid()]).together > 2**20


def test_what_is_not_asked_for_keeps_its_size() -> None:
    assert FULL.with_given({"messages": 7, "rounds": None}) == Sizes(messages=7)
    assert MODEST.messages < FULL.messages


def test_an_unknown_benchmark_is_a_mistake_of_usage() -> None:
    done = _bench("speed")
    assert done.returncode == 2
    assert ", ".join(BENCHMARKS) in done.stderr


def test_every_size_can_be_chosen() -> None:
    done = _bench("--help")
    assert done.returncode == 0
    assert all(f"--{name.replace('_', '-')}" in done.stdout for name in Sizes.meanings())


def _bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
