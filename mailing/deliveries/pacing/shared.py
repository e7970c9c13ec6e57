"""The buckets in Redis, which all sending processes share.

What Redis holds is believed only in the era in which it was written: this start of this server
(a snapshot that is loaded after a crash knows nothing of what was given out since) and this
agreement of the processes (see `agreement`). A bucket that is missing, flushed, evicted, expired
or of another era starts empty. So losing anything can only slow sending down.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from mailing.base.settings import Settings
from mailing.deliveries.pacing.limit import Grant, Limit, Wish

_PROBE = Limit.of("probe", 1.0)

# What a server that hangs may cost, once for each attempt to reach it.
TIMEOUT = 0.2

# Server time in microseconds stays exact in Lua's numbers. Where it steps forward it can fill a
# bucket, no more; where it steps back, nothing is gained until it goes on. `owed` keeps tokens for
# urgent messages whose process asked in vain: campaigns elsewhere do not take each as it comes.
_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
if not server then return redis.error_reply('the server does not say which start this is') end
local era = ARGV[1] .. ' ' .. server
local told = {}
for i, key in ipairs(KEYS) do
    local first = 2 + (i - 1) * 5
    local refill, capacity = tonumber(ARGV[first]), tonumber(ARGV[first + 1])
    local urgent, others = tonumber(ARGV[first + 2]), tonumber(ARGV[first + 3])
    local back = tonumber(ARGV[first + 4])
    local kept = redis.call('HMGET', key, 'era', 'at', 'level', 'owed', 'owed_until')
    local level, owed = 0, 0
    local patience = 1000000 * math.max(1, 2 / refill)
    if kept[1] == era then
        local gained = math.max(0, now - tonumber(kept[2])) * refill / 1000000
        level = math.min(capacity, tonumber(kept[3]) + gained + back)
        local left = tonumber(kept[5]) - now
        if left > 0 and left <= patience then owed = tonumber(kept[4]) end
    end
    local drawn = math.min(math.floor(level), urgent)
    level = level - drawn
    owed = math.max(0, owed - drawn, urgent - drawn)
    local rest = math.min(math.floor(math.max(0, level - owed)), others)
    level = level - rest
    local owed_until = now + patience
    if urgent == 0 and owed > 0 then owed_until = kept[5] end
    redis.call('HSET', key, 'era', era, 'at', string.format('%.0f', now),
        'level', string.format('%.17g', level), 'owed', owed,
        'owed_until', string.format('%.0f', owed_until))
    redis.call('EXPIRE', key, math.min(2592000, math.ceil(60 + 10 / refill)))
    local missing = math.max(0, 1 - level)
    told[#told + 1] = {drawn, rest, string.format('%.0f', missing / refill * 1000000)}
end
return told
"""


class SharedBuckets:
    """The connection of one process to the buckets; made after the fork, on first use."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._prefix = f"{settings.queue_prefix}pace:"
        self._clock = clock
        self._client = Redis.from_url(
            settings.queue,
            socket_timeout=TIMEOUT,
            socket_connect_timeout=TIMEOUT,
            # A request that is sent twice would take twice; whoever asks tries again in time.
            retry=Retry(NoBackoff(), 0),
            health_check_interval=0,
            decode_responses=True,
        )
        self._script = self._client.register_script(_SCRIPT)

    def lease(self, era: str, wishes: Sequence[Wish]) -> list[Grant] | None:
        """What the limits give now; None when Redis does not answer, or not as it should.

        Tokens of an answer that was lost are lost with it.
        """
        asked_at = self._clock()
        arguments = [value for wish in wishes for value in _arguments(wish)]
        try:
            told = self._script(
                keys=[f"{self._prefix}{wish.limit.name}" for wish in wishes],
                args=[era, *arguments],
            )
        except (RedisError, OSError):
            self.close()
            return None
        if self._clock() - asked_at >= min(wish.limit.lease for wish in wishes):
            # What comes later than it may be spent would come so again: this is no answer.
            return None
        # The tokens were given after they were asked for, so they are spent in time even where
        # the answer took long: a lease is counted from the question.
        return [
            Grant(int(urgent), int(others), asked_at + wish.limit.lease, int(micros) / 1e6)
            for wish, (urgent, others, micros) in zip(wishes, told, strict=True)
        ]

    def answers(self, lease: float) -> bool:
        """Whether Redis would give leases again, and in time for the shortest of them.

        It is asked for one, since it may answer and still refuse: full, read-only, forbidden.
        """
        probe = replace(_PROBE, lease=lease)
        return self.lease("probe", [Wish(probe, 0, 0)]) is not None

    def close(self) -> None:
        """Hang up; the next question connects anew."""
        self._client.connection_pool.disconnect()


def _arguments(wish: Wish) -> tuple[float | int, ...]:
    limit = wish.limit
    return limit.refill, limit.capacity, wish.urgent, wish.others, wish.back
