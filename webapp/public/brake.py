"""The brake on sign-ups: how many an hour are taken from one network. A wait, never a lock.

It is the requester's own network that is counted, never whose address stands in the form, so its
answer may be honest: it tells nobody anything about anybody. The counters live in Redis under
keyed digests and go after an hour; with Redis away forms are taken, and the limit of two mails a
day for each address, which PostgreSQL holds, is the one that stands.
"""

import structlog
from redis.exceptions import RedisError

from mailing.base.settings import Settings
from webapp.counters import counters
from webapp.networks import digest, is_everybody, network_of

AN_HOUR = 3600
# Of a network's forms so many may come without a time that we signed: from the operator's own
# pages, and from people who are quicker than most.
UNTIMED_SHARE = 4

_log = structlog.get_logger()


class Brake:
    """The counters of one installation."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._prefix = f"{settings.queue_prefix}join:"
        self._redis = counters(settings)

    def takes(self, address: str | None, is_timed: bool) -> bool:
        """Count one form from a network address; whether it is taken."""
        limit, network = self._settings.join_network_hourly, network_of(address)
        if limit == 0 or is_everybody(network):
            return True
        try:
            forms, untimed = self._count(network, is_timed)
        except RedisError as error:
            _log.warning("join_brake_away", error=type(error).__name__)
            return True
        return forms <= limit and (is_timed or untimed <= max(1, limit // UNTIMED_SHARE))

    def _count(self, network: str, is_timed: bool) -> tuple[int, int]:
        """The forms of this hour, and those of them without a time; this one is among them."""
        every, untimed = (self._key(network, kind) for kind in ("every", "untimed"))
        with self._redis.pipeline(transaction=True) as pipe:
            for key, more in ((every, 1), (untimed, 0 if is_timed else 1)):
                pipe.incrby(key, more)
                pipe.expire(key, AN_HOUR, nx=True)
            counted = pipe.execute()
        return int(counted[0]), int(counted[2])

    def _key(self, network: str, kind: str) -> str:
        return self._prefix + digest(self._settings, "join", kind, network)
