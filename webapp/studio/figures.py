"""The outcomes of a campaign as lengths of one bar and lines of one table.

The parts are those of `campaign status` and always add up to the audience.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mailing.deliveries import status

ORDER = ("accepted", "refused", "uncertain", "held", "sending", "deferred", "pending")


@dataclass(frozen=True, slots=True)
class Part:
    """One outcome: how many, where its piece of the bar begins, how long it is (per cent)."""

    name: str
    number: int
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of a campaign's deliveries now."""

    status: dict[str, Any]
    parts: tuple[Part, ...]

    @property
    def audience(self) -> int:
        return int(self.status["audience"] or 0)

    @property
    def held(self) -> dict[str, int]:
        held: dict[str, int] = self.status["outcomes"]["held"]
        return held

    @property
    def total(self) -> int:
        """The sum of the lines, shown beside the audience: a difference would be seen."""
        return sum(part.number for part in self.parts)

    def number(self, name: str) -> int:
        return next(part.number for part in self.parts if part.name == name)


def figures_of(campaign_id: int) -> Figures:
    """Ask the domain for the status and lay it out."""
    return lay_out(status.status(campaign_id))


def lay_out(found: dict[str, Any]) -> Figures:
    """The same for a status at hand (`campaign status` of the contract)."""
    outcomes = found["outcomes"]
    numbers = {name: _number(outcomes[name]) for name in ORDER}
    return Figures(found, tuple(_parts(numbers, sum(numbers.values()))))


def _parts(numbers: dict[str, int], total: int) -> Iterator[Part]:
    start = 0.0
    for name, number in numbers.items():
        width = round(100 * number / total, 4) if total else 0.0
        yield Part(name, number, round(start, 4), width)
        start += width


def _number(outcome: int | dict[str, int]) -> int:
    return sum(outcome.values()) if isinstance(outcome, dict) else outcome
