"""Seats: how many connections to one relay this process may hold, of so many over all processes.

A seat is a session-level advisory lock of PostgreSQL, so no two processes hold the same one, a
dead process gives its own back, and Redis plays no part. Seats are shared evenly among those who
want some; a seat is let go only once the connection on it is closed.
"""

import hashlib
from collections import defaultdict

from psycopg import Connection

from mailing.base.settings import Settings
from mailing.deliveries.pacing.session import watch

# Seat 0 is the door: whoever wants seats holds it together with the others, and is counted there.
_DOOR = 0
_SEAT_BITS = 16

_COUNT = """
    SELECT count(*) FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (classid::bigint << 32) | objid::bigint = %s
"""
_TAKEN = """
    SELECT ((classid::bigint << 32) | objid::bigint) - %(base)s FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (classid::bigint << 32) | objid::bigint BETWEEN %(base)s + 1 AND %(base)s + %(total)s
"""
_SIT = """
    SELECT n FROM (SELECT n, pg_try_advisory_lock(%s + n) AS sits FROM unnest(%s::int[]) n) s
    WHERE sits
"""
_RISE = "SELECT pg_advisory_unlock(%s + n) FROM unnest(%s::int[]) n"


class Seats:
    """The seats of one process. Asks on the engine's own connection, outside transactions."""

    def __init__(self, settings: Settings, database: Connection) -> None:
        self._database = database
        self._total = settings.relay_connections
        self._most = settings.smtp_connections
        self._held: defaultdict[str, set[int]] = defaultdict(set)
        self._at_the_door: set[str] = set()
        if self._total:
            watch(database)

    def limit(self, relay: str, open_now: int) -> int:
        """How many connections to this relay may be open from now on; ask every few seconds.

        `open_now` of them are open. Where that is more than the answer, close some, and ask
        again: their seats are kept until then. 0 means to wait.
        """
        if not self._total:
            return self._most
        fair = min(self._most, self._share(relay))
        self._rise(relay, max(fair, open_now))
        self._sit(relay, fair)
        return min(fair, len(self._held[relay]))

    def rest(self, relay: str, open_now: int) -> None:
        """Nothing is to be sent for now: leave all seats but those of open connections."""
        self._rise(relay, open_now)
        if relay in self._at_the_door:
            self._at_the_door.remove(relay)
            self._database.execute("SELECT pg_advisory_unlock_shared(%s)", [_base(relay) + _DOOR])

    def _share(self, relay: str) -> int:
        door = _base(relay) + _DOOR
        if relay not in self._at_the_door:
            self._database.execute("SELECT pg_advisory_lock_shared(%s)", [door])
            self._at_the_door.add(relay)
        row = self._database.execute(_COUNT, [door]).fetchone()
        return -(-self._total // max(1, row[0] if row else 1))

    def _rise(self, relay: str, kept: int) -> None:
        held = self._held[relay]
        left = sorted(held)[kept:]
        if left:
            held.difference_update(left)
            self._database.execute(_RISE, [_base(relay), left])

    def _sit(self, relay: str, wanted: int) -> None:
        held, base = self._held[relay], _base(relay)
        missing = wanted - len(held)
        if missing <= 0:
            return
        taken = self._database.execute(_TAKEN, {"base": base, "total": self._total})
        free = sorted(set(range(1, self._total + 1)) - {row[0] for row in taken})
        rows = self._database.execute(_SIT, [base, free[:missing]])
        held.update(row[0] for row in rows)


def _base(relay: str) -> int:
    """The first of this relay's keys; two relays that met would share seats, no more."""
    return int.from_bytes(hashlib.sha256(relay.encode()).digest()[:5]) << _SEAT_BITS
