"""The arithmetic: medians, percentiles, ratios."""

import math
import time
from collections.abc import Callable, Sequence
from statistics import median


class DoesNotCount(Exception):
    """Something was lost, doubled or not measured under the conditions that are claimed."""


def demand(condition: bool, sentence: str) -> None:
    """Raise DoesNotCount with this sentence unless the condition holds."""
    if not condition:
        raise DoesNotCount(sentence)


def ratio(ours: Sequence[float], reference: Sequence[float]) -> float:
    """The median of ours over the median of the reference, to three digits behind the point.

    Raises DoesNotCount where there is nothing to compare with.
    """
    demand(bool(ours) and bool(reference), "nothing was measured")
    demand(median(reference) > 0, "the reference took no time at all")
    return round(median(ours) / median(reference), 3)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all values does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def spread(milliseconds: Sequence[float]) -> dict[str, float | int]:
    """How long something took: the middle, the slowest hundredth, the extremes, in ms."""
    return {
        "times": len(milliseconds),
        "p50_ms": round(median(milliseconds), 2),
        "p99_ms": round(percentile(milliseconds, 0.99), 2),
        "min_ms": round(min(milliseconds), 2),
        "max_ms": round(max(milliseconds), 2),
    }


def timed(action: Callable[[], object], times: int = 1) -> list[float]:
    """How many milliseconds each of so many calls took."""
    return [_once(action) for _ in range(times)]


def _once(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000
