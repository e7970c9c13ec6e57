"""Incarnations: each start of a sending process. What a dead one left behind is settled here.

Death is proved by the kernel (a lock that it frees) or declared by an operator; never guessed
from a clock. What it means for each row is in enforcement.md, "Sweeping".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import Connection
from sqlalchemy import Integer, Text, update
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import Missing
from mailing.base.settings import Settings
from mailing.deliveries import queue, results
from mailing.deliveries.results import Ending, Result

At = TIMESTAMP(timezone=True)


class Incarnation(Table):
    """One start of one sending process on one host."""

    __tablename__ = "incarnations"

    id: Mapped[UUID] = mapped_column(primary_key=True, info=OPERATIONAL)
    host_id: Mapped[UUID] = mapped_column(info=OPERATIONAL)
    boot_id: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    pid: Mapped[int] = mapped_column(Integer, info=OPERATIONAL)
    started_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    ended_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    fenced_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)


@dataclass(frozen=True)
class Owner:
    """Who holds unfinished rows: an incarnation, where and in which boot it ran."""

    id: UUID
    host_id: UUID
    boot_id: str
    is_fenced: bool


def register(connection: Connection, owner: Owner, pid: int) -> None:
    """Write an incarnation down before its first claim; commits nothing."""
    connection.execute(
        "INSERT INTO incarnations (id, host_id, boot_id, pid, started_at) "
        "VALUES (%s, %s, %s, %s, now())",
        [owner.id, owner.host_id, owner.boot_id, pid],
    )


def end(connection: Connection, owner: UUID) -> None:
    """Note a clean end; what it still owned is swept all the same. Commits nothing."""
    connection.execute("UPDATE incarnations SET ended_at = now() WHERE id = %s", [owner])


def with_work(connection: Connection) -> list[Owner]:
    """The incarnations that may own rows in work."""
    rows = connection.execute(
        "SELECT i.id, i.host_id, i.boot_id, i.fenced_at IS NOT NULL FROM incarnations i "
        "WHERE EXISTS (SELECT FROM batch_owners o WHERE o.owner = i.id)"
    )
    return [Owner(*row) for row in rows]


def fence_host(host_id: UUID) -> int:
    """Declare every incarnation of a host dead, by an operator's word; how many."""
    query = (
        update(Incarnation)
        .where(Incarnation.host_id == host_id, Incarnation.fenced_at.is_(None))
        .values(fenced_at=clock.now())
        .returning(Incarnation.id)
    )
    fenced = len(db.session.execute(query).all())
    if not fenced:
        raise Missing(f"No live process of host {host_id} is known; `kelisim doctor` names hosts.")
    return fenced


_OWN = """
    SELECT d.id, d.fence, d.attempts, d.state
    FROM batch_owners o JOIN deliveries d ON d.batch_id = o.batch_id AND d.owner = o.owner
    WHERE o.owner = %s AND d.state IN ('claimed', 'open', 'sealed', 'aborting')
    ORDER BY d.id FOR UPDATE OF d
"""

_SEALED = """
    SELECT d.id
    FROM batch_owners o JOIN deliveries d ON d.batch_id = o.batch_id AND d.owner = o.owner
    WHERE o.owner = %s AND d.state = 'sealed'
"""

_BACK = """
    UPDATE deliveries d SET
        state = CASE WHEN d.state = 'aborting' THEN 'held' ELSE 'pending' END,
        finished_at = CASE WHEN d.state = 'aborting' THEN now() END,
        owner = NULL
    WHERE id = ANY (%s)
"""


@dataclass(frozen=True, slots=True)
class Trace:
    """What a send journal tells of one delivery: the dot was written; perhaps a reply too."""

    fence: int
    code: int | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Journalled:
    """A send journal. Where it is not whole (an earlier boot, a lost disk), what it does not
    name may have been sent all the same."""

    traces: Mapping[UUID, Trace]
    is_whole: bool

    def of(self, delivery_id: UUID, fence: int) -> Trace | None:
        """What is known of one claim; None: its dot was surely never written."""
        trace = self.traces.get(delivery_id)
        if trace is not None and trace.fence == fence:
            return trace
        return None if self.is_whole else Trace(fence, None)


def sealed_by(connection: Connection, owner: UUID) -> list[UUID]:
    """The rows of a dead incarnation of which its journal has to tell.

    There will be no more: what is sealed later, by a statement that was under way when it died,
    never had its dot. Of one that was declared dead and lives there may be; of it nothing is
    believed that no journal names.
    """
    return [row[0] for row in connection.execute(_SEALED, [owner])]


def settle(connection: Connection, settings: Settings, owner: UUID, journal: Journalled) -> int:
    """Settle what a dead incarnation owned; how many rows. Commits nothing."""
    rows = connection.execute(_OWN, [owner]).fetchall()
    told = {row[0]: _ending(row, journal) for row in rows}
    back = [delivery_id for delivery_id, result in told.items() if result is None]
    queue.lock_owned(connection, owner)
    connection.execute(_BACK, [back])
    results.record(connection, settings, owner, [result for result in told.values() if result])
    queue.call_owned(connection, owner)
    queue.release(connection, owner)
    return len(rows)


def _ending(row: tuple[UUID, int, int, str], journal: Journalled) -> Result | None:
    """How a row ended; None: surely not delivered."""
    delivery_id, fence, attempts, state = row
    trace = journal.of(delivery_id, fence) if state == "sealed" else None
    if trace is None:
        return None
    return Result(delivery_id, fence, _by_code(trace.code), attempts, trace.code, trace.text)


def _by_code(code: int | None) -> Ending:
    if code is None:
        return Ending.UNCERTAIN
    return {2: Ending.ACCEPTED, 4: Ending.DEFERRED}.get(code // 100, Ending.REFUSED)
