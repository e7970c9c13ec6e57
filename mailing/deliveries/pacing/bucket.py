"""A token bucket. It starts empty: whoever begins one knows nothing of what passed before."""

from dataclasses import dataclass

from mailing.deliveries.pacing.limit import Limit, Wish


@dataclass(slots=True)
class Bucket:
    """The tokens of one limit; times are seconds of one clock that never goes back."""

    limit: Limit
    at: float
    level: float = 0.0

    def take(self, wish: Wish, now: float) -> tuple[int, int, float]:
        """Tokens for the urgent, tokens for the others, and the seconds until there is another."""
        self._fill(wish.back, now)
        urgent = self._draw(wish.urgent)
        # While somebody who waits for a message got none, a campaign gets none either.
        others = self._draw(wish.others) if urgent == wish.urgent else 0
        return urgent, others, max(0.0, (1 - self.level) / self.limit.refill)

    def _fill(self, back: int, now: float) -> None:
        gained = max(0.0, now - self.at) * self.limit.refill
        self.level = min(self.limit.capacity, self.level + gained + back)
        self.at = now

    def _draw(self, wanted: int) -> int:
        drawn = min(int(self.level), wanted)
        self.level -= drawn
        return drawn
