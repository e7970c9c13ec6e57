"""The meter: clicks are counted in Valkey, and no row is written while somebody waits for a page.

For each hour there is one hash with two sums for each link: all clicks, and those of them that
machines made. Both only grow, so whoever reads them twice reads no click twice. What is lost with
Valkey is a count and never a way: the redirect asks PostgreSQL.

A burst is many different links of one campaign from one network within seconds: that is a scanner
at work. For this alone the network is kept, as a keyed digest, for some seconds.
"""

from datetime import UTC, datetime, timedelta

from redis import Redis

from mailing.base.settings import Settings

# So long an hour waits to be gathered.
KEPT_HOURS = 48
BURST_LINKS = 4
BURST_SECONDS = 5
PATIENCE = 5.0  # seconds, of whoever gathers: nobody waits for that

Sums = dict[datetime, dict[str, tuple[int, int]]]

# A click of a person that turns out to be one of a burst becomes a machine's, and so do those
# before it. The burst's hash belongs to one hour: none moves to an hour that it was not counted in.
_NOTE = """
redis.call('HINCRBY', KEYS[1], ARGV[1] .. ' pressed', 1)
redis.call('EXPIRE', KEYS[1], ARGV[3])
if ARGV[2] == '1' then
    redis.call('HINCRBY', KEYS[1], ARGV[1] .. ' machines', 1)
elseif KEYS[2] then
    redis.call('HINCRBY', KEYS[2], ARGV[1], 1)
    local is_burst = redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[5])
    if is_burst then
        local seen = redis.call('HGETALL', KEYS[2])
        for place = 1, #seen, 2 do
            if seen[place + 1] ~= '0' then
                redis.call('HINCRBY', KEYS[1], seen[place] .. ' machines', seen[place + 1])
                redis.call('HSET', KEYS[2], seen[place], 0)
            end
        end
    end
    if is_burst or redis.call('TTL', KEYS[2]) < 0 then
        redis.call('EXPIRE', KEYS[2], ARGV[4])
    end
end
"""


class Meter:
    """The counters of one installation, on a connection that its owner has opened."""

    def __init__(self, settings: Settings, redis: Redis) -> None:
        self._prefix = f"{settings.queue_prefix}clicks:"
        self._redis = redis
        self._note = redis.register_script(_NOTE)

    def count(self, token: str, at: datetime, is_machine: bool, network: str | None) -> None:
        """Count one click; `network` is a digest of campaign and network, None where it is not
        known. Raises RedisError."""
        hour = int(at.timestamp()) // 3600
        keys = [self._key(hour)]
        if network is not None:
            keys.append(f"{self._prefix}burst:{hour}:{network}")
        kept = KEPT_HOURS * 3600
        self._note(keys, [token, int(is_machine), kept, BURST_SECONDS, BURST_LINKS])

    def read(self, now: datetime) -> Sums:
        """`{hour: {token: (all clicks, machines')}}` of each hour kept; raises RedisError."""
        last = int(now.timestamp()) // 3600
        hours = range(last - KEPT_HOURS, last + 2)  # another machine's clock may be ahead
        with self._redis.pipeline(transaction=False) as pipe:
            for hour in hours:
                pipe.hgetall(self._key(hour))
            found = zip(hours, pipe.execute(), strict=True)
        return {_moment(hour): _sums(fields) for hour, fields in found if fields}

    def _key(self, hour: int) -> str:
        return f"{self._prefix}hour:{hour}"


def read(settings: Settings, now: datetime) -> Sums:
    """What the meter of an installation shows. Raises RedisError."""
    with Redis.from_url(
        settings.queue,
        socket_connect_timeout=PATIENCE,
        socket_timeout=PATIENCE,
        decode_responses=True,
    ) as redis:
        return Meter(settings, redis).read(now)


def _moment(hour: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=hour)


def _sums(fields: dict[str, str]) -> dict[str, tuple[int, int]]:
    tokens = {name.partition(" ")[0] for name in fields}
    return {
        token: (int(fields.get(f"{token} pressed", 0)), int(fields.get(f"{token} machines", 0)))
        for token in tokens
    }
