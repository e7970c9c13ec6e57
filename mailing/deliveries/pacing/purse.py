"""Purses: the tokens that this process has on lease, one purse for each limit."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mailing.deliveries.pacing.limit import Grant, Limit, Wish

# The least time between two questions about one limit, and the longest.
_SOON = 0.01
_LATE = 1.0
_MANY = 5000


@dataclass(slots=True)
class Purse:
    """Tokens of one limit; they are spent before `until`, or given back with the next question."""

    limit: Limit
    tokens: int = 0
    until: float = 0.0
    ask_at: float = 0.0
    ready_at: float = 0.0

    def is_empty(self, now: float) -> bool:
        """Whether nothing may be spent now."""
        return not self.tokens or now >= self.until

    def fill(self, wish: Wish, grant: Grant, now: float) -> None:
        """Take what was given, and note when it is worth asking again."""
        self.tokens, self.until = grant.urgent + grant.others, grant.until
        self.ready_at = now + grant.ready_in
        half_a_block = self.limit.block / self.limit.refill / 2
        got_all = self.tokens >= wish.urgent + wish.others
        pause = _SOON if got_all else max(_SOON, grant.ready_in, half_a_block)
        self.ask_at = now + min(pause, _LATE)

    def wait_for(self, position: int, now: float) -> float:
        """In how many seconds the message at this place among those that wait may go, at best."""
        ahead = max(0, position - 1 - (0 if self.is_empty(now) else self.tokens))
        return max(0.0, self.ready_at - now) + ahead / self.limit.refill


class Purses:
    """The purses of one process."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._all: dict[str, Purse] = {}

    def of(self, limit: Limit) -> Purse:
        """The purse of a limit."""
        found = self._all.get(limit.name)
        if found is None:
            self._tidy()
            found = self._all[limit.name] = Purse(limit)
        return found

    def spend(self, limits: Iterable[Limit], now: float) -> bool:
        """Spend one token of each of these limits, or none at all."""
        purses = []
        for limit in limits:
            purse = self.of(limit)
            if purse.is_empty(now):
                return False
            purses.append(purse)
        for purse in purses:
            purse.tokens -= 1
        return True

    def clear(self) -> None:
        """Forget what is on lease; it is lost, and so can only slow things down."""
        self._all.clear()

    def _tidy(self) -> None:
        if len(self._all) >= _MANY:
            now = self._clock()
            self._all = {name: one for name, one in self._all.items() if not one.is_empty(now)}
