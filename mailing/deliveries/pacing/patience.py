"""Patience: what waits here for its tokens, and what is given back for others to come forward."""

from collections import Counter
from collections.abc import Callable, Sequence

from mailing.deliveries.pacing.purse import Purses
from mailing.deliveries.pacing.reach import Limits
from mailing.deliveries.queue import Claim

# How long a claim may wait; alone, tokens gather in this process and nowhere else, so there a slow
# limit is waited for.
PATIENCE = 2.0
_ALONE = 25.0
_LONGEST = 60.0
_LOOK_EVERY = 0.2

Entry = tuple[Claim, Limits]
Later = list[tuple[Claim, float]]


class Patience:
    """How long this process sits on claims that may not go."""

    def __init__(self, purses: Purses, clock: Callable[[], float]) -> None:
        self._purses = purses
        self._clock = clock
        self._silent_since: float | None = None
        self._look_at = 0.0

    def hear(self) -> None:
        """There was an answer."""
        self._silent_since = None

    def hear_nothing(self) -> None:
        """Nobody gives this process tokens now."""
        if self._silent_since is None:
            self._silent_since = self._clock()

    def part(self, waiting: Sequence[Entry], is_alone: bool) -> tuple[Later, list[Entry]]:
        """Part what is given back, each with the seconds it is to stay away, from what is kept."""
        now = self._clock()
        if self._silent_since is not None and now - self._silent_since > PATIENCE:
            self._silent_since = now
            return [(claim, PATIENCE) for claim, _ in waiting], []
        if now < self._look_at:
            return [], list(waiting)
        self._look_at = now + _LOOK_EVERY
        return self._by_place(waiting, _ALONE if is_alone else PATIENCE)

    def _by_place(self, waiting: Sequence[Entry], patience: float) -> tuple[Later, list[Entry]]:
        now = self._clock()
        places: Counter[str] = Counter()
        waits = [(entry, self._wait_of(entry, places, now)) for entry in waiting]
        later = [(entry[0], min(wait, _LONGEST)) for entry, wait in waits if wait > patience]
        return later, [entry for entry, wait in waits if wait <= patience]

    def _wait_of(self, entry: Entry, places: Counter[str], now: float) -> float:
        wait = 0.0
        for limit in entry[1]:
            places[limit.name] += 1
            wait = max(wait, self._purses.of(limit).wait_for(places[limit.name], now))
        return wait
