"""The geometry of charts: drawn by the server as SVG of 100 by 100 that is stretched to its place.

Words stand beside a chart in HTML, where they keep their size on any screen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mailing.deliveries.pulse import Minute

HEADROOM = 1.15


@dataclass(frozen=True, slots=True)
class Curve:
    """A line that only climbs; `limit` is how many the threshold comes to, at the height
    `limit_y`."""

    points: str
    limit: float
    limit_y: float
    total: int

    @property
    def is_over(self) -> bool:
        """Whether it has climbed over the threshold."""
        return self.limit > 0 and self.total > self.limit


@dataclass(frozen=True, slots=True)
class Bar:
    """One minute: where its bar begins and how high it is, and whether somebody paused in it."""

    x: float
    y: float
    width: float
    height: float
    is_paused: bool


@dataclass(frozen=True, slots=True)
class Bars:
    """Minutes side by side; `limit_y` is None where nothing limits, or the limit is far above."""

    bars: tuple[Bar, ...]
    most: int
    limit_y: float | None


@dataclass(frozen=True, slots=True)
class Spark:
    """A line without numbers; `zero_y` is where nothing has changed."""

    points: str
    zero_y: float


def curve(values: Sequence[int], slots: int, limit: float) -> Curve:
    """A step for each value, of as many as there will be in the end."""
    total = values[-1] if values else 0
    top = max(total, limit, 1) * HEADROOM
    corners, level = ["0,100"], 0
    for place, value in enumerate(values):
        if value != level:
            corners.append(f"{_at(place, slots)},{_height(level, top)}")
            corners.append(f"{_at(place, slots)},{_height(value, top)}")
            level = value
    corners.append(f"{_at(len(values), slots)},{_height(level, top)}")
    return Curve(" ".join(corners), limit, _height(limit, top), total)


def bars(minutes: Sequence[Minute], slots: int, limit: float | None) -> Bars:
    """A bar for each minute, the latest at the right."""
    most = max((one.number for one in minutes), default=0)
    is_near = limit is not None and limit <= 3 * most
    top = max(most, limit if limit is not None and is_near else 0, 1) * HEADROOM
    width = 100 / slots
    empty = slots - len(minutes)
    made = tuple(
        Bar(
            x=round((empty + place) * width, 2),
            y=_height(one.number, top),
            width=round(width * 0.8, 2),
            height=round(100 * one.number / top, 2),
            is_paused=one.is_paused,
        )
        for place, one in enumerate(minutes)
    )
    return Bars(made, most, _height(limit, top) if limit is not None and is_near else None)


def spark(values: Sequence[int]) -> Spark:
    """A line that may fall below where it began."""
    low, high = min((0, *values)), max((0, *values))
    span = max(high - low, 1)
    level = [round(95 - 90 * (one - low) / span, 2) for one in (0, *values)]
    points = " ".join(f"{_at(place, len(values))},{y}" for place, y in enumerate(level))
    return Spark(points, level[0])


def _at(place: int, slots: int) -> float:
    return round(100 * place / slots, 2)


def _height(value: float, top: float) -> float:
    return round(100 - 100 * value / top, 2)
