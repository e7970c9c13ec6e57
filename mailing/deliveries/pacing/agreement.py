"""The agreement of all sending processes on who paces: all together by Redis, or one alone.

It is one session-level advisory lock of PostgreSQL. Who paces by Redis holds it shared; a process
that cannot reach Redis lets go of it and may pace by itself once it holds it exclusively, when
nobody else sends under the limits. The lock dies with its session, and so with its process, and
no message passes the gate without that session; so two ways of pacing never add up, and no clock
decides. An engine at rest lets go, or it would be in the way of the others.
"""

from psycopg import Connection

from mailing.deliveries.pacing.session import watch

# Two numbers that no other lock of ours has.
_KEY = (0x4B454C49, 1)

# Who has paced alone leaves a mark: buckets in Redis that are older than it would be believed
# full. It stands beside the health of the relays, and is never in trouble or left alone.
_MARK = """
    INSERT INTO relays (name, since) VALUES ('(paced by one process)', clock_timestamp())
    ON CONFLICT (name) DO UPDATE SET since = excluded.since
"""
_ERA = """
    SELECT coalesce(max(extract(epoch FROM since)), 0)::text FROM relays
    WHERE name = '(paced by one process)'
"""


class Agreement:
    """This process's part in it; asks on the engine's own connection, outside transactions."""

    def __init__(self, database: Connection) -> None:
        self._database = database
        self._held: str | None = None
        watch(database)

    def join(self) -> str | None:
        """Pace together with the others: the era of the shared buckets; None while one is alone."""
        if not self._take("shared", "SELECT pg_try_advisory_lock_shared(%s, %s)"):
            return None
        row = self._database.execute(_ERA).fetchone()
        return str(row[0]) if row else None

    def go_alone(self) -> bool:
        """Pace by oneself: whether nobody else does, in either way. Starts another era."""
        if self._held == "alone":
            return True
        if not self._take("alone", "SELECT pg_try_advisory_lock(%s, %s)"):
            return False
        self._database.execute(_MARK)
        return True

    def leave(self) -> None:
        """Let go, of whichever part was held."""
        if self._held is not None:
            suffix = "_shared" if self._held == "shared" else ""
            self._held = None
            self._database.execute(f"SELECT pg_advisory_unlock{suffix}(%s, %s)", _KEY)

    def _take(self, kind: str, query: str) -> bool:
        self.leave()
        row = self._database.execute(query, _KEY).fetchone()
        self._held = kind if row and row[0] else None
        return self._held is not None
