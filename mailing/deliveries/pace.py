"""Pace: which of the claimed deliveries may go now, under all limits, over all processes.

Limits: all messages together, each campaign, each recipient domain. A message needs a token of
each limit that it is under; tokens are leased in small blocks, so that a group of messages costs
no round trip. In any window of N seconds at most `rate * N + max(1, rate)` messages pass
(`pacing.limit` says why); losing Redis only slows that down (`pacing.supply`).
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence

from psycopg import Connection

from mailing.base.settings import Settings
from mailing.deliveries.deliveries import Kind
from mailing.deliveries.pacing.limit import Limit, Wish
from mailing.deliveries.pacing.purse import Purses
from mailing.deliveries.pacing.reach import Reach
from mailing.deliveries.pacing.supply import Supply
from mailing.deliveries.queue import Claim

# How far a look behind blocked claims goes, and how many limits are asked in one go.
_LOOK = 2000
_ASK = 200
# How long a claim may wait here before it is given back; alone, tokens gather here and nowhere
# else, so there a slow limit is waited for.
_PATIENCE = 2.0
_PATIENCE_ALONE = 25.0
_LONGEST = 60.0
_SILENCE = 0.25

Entry = tuple[Claim, tuple[Limit, ...]]
Later = list[tuple[Claim, float]]


class Pace:
    """The pace of one sending process. Asks on the engine's connection, outside transactions."""

    def __init__(
        self, settings: Settings, database: Connection, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._rate, self._campaign_rate = settings.rate, settings.campaign_rate
        self._reach = Reach(settings, database)
        self._purses = Purses(clock)
        self.is_free = self._reach.is_free
        self._supply = None if self.is_free else Supply(settings, database, clock)
        self._silent_since: float | None = None
        self._again_at = 0.0

    def pick(self, claims: deque[Claim], most: int) -> tuple[list[Claim], Later]:
        """Take off `claims` what may go now, at most `most`, confirmations first; and what is to
        be given back, each with the seconds before which it need not come again.

        A claim without its tokens does not stand in the way of those behind it.
        """
        looked = [claims.popleft() for _ in range(min(_LOOK, len(claims)))]
        looked.sort(key=lambda claim: claim.kind != Kind.CONFIRMATION)
        entries = list(zip(looked, self._reach.of(looked), strict=True))
        going, waiting = self._let_through(entries, most)
        if waiting and len(going) < most and self._ask(waiting):
            more, waiting = self._let_through(waiting, most - len(going))
            going += more
        later, kept = self._part(waiting)
        claims.extendleft(claim for claim, _ in reversed(kept))
        self._again_at = self._next(kept) if len(going) < most else 0.0
        return going, later

    def wait(self) -> float:
        """The seconds until it is worth asking again; 0: now."""
        return max(0.0, self._again_at - self._clock())

    def room(self, most: int) -> int:
        """How many claims of all kinds, at most `most`, could go before they are given back."""
        return _room(self._rate, most)

    def campaign_room(self, most: int) -> int:
        """How many claims of one campaign, at most `most`, could go before they are given back."""
        return _room(self._campaign_rate, most)

    def rest(self) -> None:
        """Nothing is to be sent for now. An engine at rest that did not say so would be in the
        way of the others once Redis is away."""
        self._purses.clear()
        self._silent_since, self._again_at = None, 0.0
        if self._supply is not None:
            self._supply.rest()

    def close(self) -> None:
        """Rest, and hang up."""
        self.rest()
        if self._supply is not None:
            self._supply.close()

    def _let_through(self, entries: Sequence[Entry], most: int) -> tuple[list[Claim], list[Entry]]:
        now = self._clock()
        going: list[Claim] = []
        waiting: list[Entry] = []
        for entry in entries:
            claim, limits = entry
            if len(going) < most and self._purses.spend(limits, now):
                going.append(claim)
            else:
                waiting.append(entry)
        return going, waiting

    def _ask(self, waiting: Sequence[Entry]) -> bool:
        """Ask for tokens of the limits that hold these up; whether there was an answer."""
        wishes = self._wishes(waiting)
        if not wishes or self._supply is None:
            return False
        grants = self._supply.lease(wishes)
        now = self._clock()
        if grants is None:
            self._silent_since = self._silent_since or now
            for wish in wishes:
                self._purses.of(wish.limit).ask_at = now + _SILENCE
            return False
        self._silent_since = None
        for wish, grant in zip(wishes, grants, strict=True):
            self._purses.of(wish.limit).fill(wish, grant, now)
        return True

    def _wishes(self, waiting: Sequence[Entry]) -> list[Wish]:
        """What to ask for, the limits of confirmations first."""
        now = self._clock()
        urgent: Counter[Limit] = Counter()
        others: Counter[Limit] = Counter()
        for claim, limits in waiting:
            (urgent if claim.kind == Kind.CONFIRMATION else others).update(limits)
        wanted = [self._purses.of(limit) for limit in dict.fromkeys([*urgent, *others])]
        due = [purse for purse in wanted if purse.is_empty(now) and purse.ask_at <= now]
        return [
            Wish(
                purse.limit,
                min(urgent[purse.limit], purse.limit.block),
                min(others[purse.limit], purse.limit.block),
                purse.tokens,
            )
            for purse in due[:_ASK]
        ]

    def _part(self, waiting: Sequence[Entry]) -> tuple[Later, list[Entry]]:
        """Part what is given back from what is kept."""
        now = self._clock()
        if self._silent_since is not None and now - self._silent_since > _PATIENCE:
            self._silent_since = now
            return [(claim, _PATIENCE) for claim, _ in waiting], []
        alone = self._supply is not None and self._supply.is_alone
        patience = _PATIENCE_ALONE if alone else _PATIENCE
        places: Counter[str] = Counter()
        later: Later = []
        kept: list[Entry] = []
        for entry in waiting:
            seconds = self._wait_of(entry, places, now)
            if seconds > patience:
                later.append((entry[0], min(seconds, _LONGEST)))
            else:
                kept.append(entry)
        return later, kept

    def _wait_of(self, entry: Entry, places: Counter[str], now: float) -> float:
        seconds = 0.0
        for limit in entry[1]:
            places[limit.name] += 1
            seconds = max(seconds, self._purses.of(limit).wait_for(places[limit.name], now))
        return seconds

    def _next(self, kept: Sequence[Entry]) -> float:
        now = self._clock()
        times = [
            purse.ask_at
            for _, limits in kept
            for purse in map(self._purses.of, limits)
            if purse.is_empty(now)
        ]
        return min(times, default=0.0)


def _room(rate: float, most: int) -> int:
    return min(most, max(1, int(rate * _PATIENCE))) if rate else most
