"""The supply: where a process gets its tokens. From Redis, or by itself while it is alone."""

import time
from collections.abc import Callable, Sequence

import structlog
from psycopg import Connection

from mailing.base.settings import Settings
from mailing.deliveries.pacing.agreement import Agreement
from mailing.deliveries.pacing.bucket import Bucket
from mailing.deliveries.pacing.limit import Grant, Wish
from mailing.deliveries.pacing.shared import SharedBuckets

# When Redis is tried again after it has failed, and then each time after: an attempt may hang.
_FIRST_TRY = 1.0
_EACH_TRY = 3.0

_log = structlog.get_logger()


class Supply:
    """The tokens of one sending process."""

    def __init__(
        self, settings: Settings, database: Connection, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._agreement = Agreement(database)
        self._shared = SharedBuckets(settings, clock)
        self._own: dict[str, Bucket] = {}
        self._era: str | None = None
        self._is_away = False
        self._try_at = 0.0
        self.is_alone = False

    def lease(self, wishes: Sequence[Wish]) -> list[Grant] | None:
        """What the limits give now; None while another process paces, or may."""
        if self._is_away and self._clock() >= self._try_at:
            self._try(wishes)
        if not self._is_away:
            self._era = self._era or self._agreement.join()
            if self._era is None:
                return None
            grants = self._shared.lease(self._era, wishes)
            if grants is not None:
                return grants
            self._lose()
        return self._lease_alone(wishes)

    def rest(self) -> None:
        """Nothing is to be sent for now: be in nobody's way."""
        self._leave()

    def close(self) -> None:
        """Hang up."""
        self._leave()
        self._shared.close()

    def _try(self, wishes: Sequence[Wish]) -> None:
        self._try_at = self._clock() + _EACH_TRY
        if self._shared.answers(min(wish.limit.lease for wish in wishes)):
            _log.info("messages are paced by Redis again")
            self._leave()
            self._is_away = False

    def _lose(self) -> None:
        _log.warning("Redis does not answer; one process paces alone")
        self._leave()
        self._is_away, self._try_at = True, self._clock() + _FIRST_TRY

    def _lease_alone(self, wishes: Sequence[Wish]) -> list[Grant] | None:
        self.is_alone = self._agreement.go_alone()
        if not self.is_alone:
            return None
        return [self._own_grant(wish, self._clock()) for wish in wishes]

    def _own_grant(self, wish: Wish, now: float) -> Grant:
        limit = wish.limit
        bucket = self._own.setdefault(limit.name, Bucket(limit, now))
        urgent, others, ready_in = bucket.take(wish, now)
        return Grant(urgent, others, now + limit.lease, ready_in)

    def _leave(self) -> None:
        self._agreement.leave()
        self._era, self.is_alone = None, False
        self._own.clear()
