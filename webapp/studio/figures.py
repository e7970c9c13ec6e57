"""The outcomes of a campaign as lengths of one bar and lines of one table.

The parts are those of `campaign status` and always add up to the audience.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app

from mailing.campaigns.campaigns import Campaign
from mailing.deliveries import comparing, status, tallies
from webapp.studio.sparing import sparingly

KEPT_SECONDS = 300
MOST_KEPT = 1000

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


Key = tuple[int, datetime | None]
Kept = tuple[float, Figures | None]


def figures_of(campaign_id: int) -> Figures:
    """Ask the domain for the status and lay it out."""
    return lay_out(status.status(campaign_id))


def figures_in_list(campaigns: Iterable[Campaign]) -> dict[int, Figures]:
    """The same for those rows of a list that have an audience, by the campaign's number."""
    started = [one for one in campaigns if one.audience is not None]
    kept = tallies.final(one.id for one in started if one.finished_at)
    return {
        one.id: lay_out({"audience": one.audience, "outcomes": kept[one.id]})
        if one.id in kept
        else _figures_in_row(one)
        for one in started
    }


def _figures_in_row(campaign: Campaign) -> Figures:
    """What has ended and has no final tally is counted again only after five minutes.

    Counting half a million deliveries took 54 ms when measured; a list may hold 25 such rows.
    """
    kept: dict[Key, Kept] = current_app.extensions.setdefault("kelisim_figures", {})
    key = (campaign.id, campaign.finished_at)
    until, figures = kept.get(key, (0.0, None))
    if figures is None or until < time.monotonic():
        figures = figures_of(campaign.id)
        _remember(kept, key, figures)
    return figures


def compared(campaigns: Iterable[Campaign]) -> list[comparing.Figures]:
    """What became of each of these, and what followed."""
    return [_compared(one) for one in campaigns]


def _compared(campaign: Campaign) -> comparing.Figures:
    return sparingly(("figures", campaign.id), lambda: comparing.of(campaign))


def lay_out(found: dict[str, Any]) -> Figures:
    """The same for a status at hand (`campaign status` of the contract)."""
    outcomes = found["outcomes"]
    numbers = {name: _number(outcomes[name]) for name in ORDER}
    return Figures(found, tuple(_parts(numbers, sum(numbers.values()))))


def _remember(kept: dict[Key, Kept], key: Key, figures: Figures) -> None:
    if key[1] is None:
        return
    if len(kept) >= MOST_KEPT:
        kept.clear()
    kept[key] = (time.monotonic() + KEPT_SECONDS, figures)


def _parts(numbers: dict[str, int], total: int) -> Iterator[Part]:
    start = 0.0
    for name, number in numbers.items():
        width = round(100 * number / total, 4) if total else 0.0
        yield Part(name, number, round(start, 4), width)
        start += width


def _number(outcome: int | dict[str, int]) -> int:
    return sum(outcome.values()) if isinstance(outcome, dict) else outcome
