"""A brake on guessed passwords: waits that grow for one network and account, never a lock.

The victim, who comes from another network, is not held up; a network that tries many accounts
meets a brake of its own. Tries are counted before the password is looked at, so that many at
once gain nothing. The counters live in Redis under keyed digests; with Redis away, logins work.
"""

from dataclasses import dataclass

import structlog
from flask import current_app
from redis.exceptions import RedisError

from mailing.base.languages import ngettext
from mailing.base.settings import Settings
from webapp.counters import counters
from webapp.networks import digest, network_of

REMEMBERED_SECONDS = 3600

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Brake:
    """After `free` tries each further one costs a wait that doubles, up to `longest` seconds."""

    name: str
    free: int
    longest: int

    def wait_after(self, tries: int) -> int:
        return 0 if tries < self.free else min(2 ** min(tries - self.free, 20), self.longest)


ONE_ACCOUNT = Brake("account", free=5, longest=300)
WHOLE_NETWORK = Brake("network", free=50, longest=60)
# Whoever guesses codes has the password already, and may come from many networks. A minute is what
# the victim would have to wait at the most.
ACCOUNT_EVERYWHERE = Brake("everywhere", free=20, longest=60)


class Throttle:
    """The brakes of one installation."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._prefix = f"{settings.queue_prefix}login:"
        self._redis = counters(settings)

    def wait_seconds(self, address: str | None, account: str) -> int:
        """Count one try; how long to wait before it may be made (0: go on)."""
        one, whole = self._keys(address, account)
        try:
            return self._count(ONE_ACCOUNT, one) or self._count(WHOLE_NETWORK, whole)
        except RedisError as error:
            _log.warning("login throttle away", error=type(error).__name__)
            return 0

    def wait_everywhere(self, account: str) -> int:
        """Count one try against the account from wherever it comes; how long to wait before it."""
        try:
            key = self._digest(ACCOUNT_EVERYWHERE.name, account.strip().casefold())
            return self._count(ACCOUNT_EVERYWHERE, key)
        except RedisError as error:
            _log.warning("login throttle away", error=type(error).__name__)
            return 0

    def succeeded(self, address: str | None, account: str) -> None:
        """Forget this account's tries. The network's stay: one known password buys no others."""
        one, _ = self._keys(address, account)
        try:
            self._redis.delete(one, f"{one}:wait")
        except RedisError as error:
            _log.warning("login throttle away", error=type(error).__name__)

    def _count(self, brake: Brake, key: str) -> int:
        if (waiting := self._redis.ttl(f"{key}:wait")) > 0:
            return int(waiting)
        tries = self._redis.incr(key)
        self._redis.expire(key, REMEMBERED_SECONDS)
        if wait := brake.wait_after(int(tries)):
            self._redis.set(f"{key}:wait", "1", ex=wait)
        return 0

    def _keys(self, address: str | None, account: str) -> tuple[str, str]:
        network = network_of(address)
        return (
            self._digest(ONE_ACCOUNT.name, network, account.strip().casefold()),
            self._digest(WHOLE_NETWORK.name, network),
        )

    def _digest(self, *parts: str) -> str:
        return self._prefix + digest(self._settings, *parts)


def brakes() -> Throttle:
    """The brakes of this application."""
    throttle: Throttle = current_app.extensions["kelisim_throttle"]
    return throttle


def wait_sentence(seconds: int) -> str:
    """What somebody reads who has to wait."""
    return ngettext(
        "Too many tries from here. Wait %(num)s second, then try again.",
        "Too many tries from here. Wait %(num)s seconds, then try again.",
        seconds,
    )
