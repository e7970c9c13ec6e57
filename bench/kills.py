"""Kills: a sending process, or a whole worker, by SIGKILL; and when its work goes on.

The process is stopped for a moment before it is killed, so that what it has in work is known to
the row. Then the clock starts.
"""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import psutil
import psycopg

from bench.measure import demand
from console.daemons import wait_until
from tests.road import Worker

_PATIENCE = 30.0
_IN_WORK = "state IN ('claimed', 'open', 'sealed', 'aborting')"

_LIVING = "SELECT pid, id FROM incarnations WHERE ended_at IS NULL ORDER BY started_at"
_ROWS = f"SELECT id FROM deliveries WHERE owner = ANY (%s) AND {_IN_WORK}"  # noqa: S608 - our own
_BECAME = f"""
    SELECT count(*) FILTER (WHERE owner = ANY (%(dead)s) AND {_IN_WORK}),
           count(*) FILTER (WHERE state IN ('pending', 'deferred')),
           count(*) FILTER (WHERE owner IS NOT NULL AND owner <> ALL (%(dead)s))
    FROM deliveries WHERE id = ANY (%(rows)s)
"""  # noqa: S608 - our own text; every value is bound


@dataclass(frozen=True)
class Sender:
    """A sending process and the incarnation that it claims as."""

    pid: int
    owner: UUID


@dataclass(frozen=True)
class Aftermath:
    """What became of the rows that the dead had in work; seconds from the kill.

    `settled`: none is called theirs any more. `taken`: the first is in the hands of another
    process. `all_taken`: none of them waits any more.
    """

    rows: int
    settled: float
    taken: float
    all_taken: float

    def told(self) -> dict[str, float]:
        """In seconds, to the millisecond."""
        return {name: round(value, 3) for name, value in vars(self).items()}


def senders(worker: Worker, database: psycopg.Connection) -> list[Sender]:
    """The living sending processes of a worker that have begun to send."""
    living: dict[int, UUID] = dict(database.execute(_LIVING).fetchall())
    return [Sender(pid, living[pid]) for pid in _children(worker) if pid in living]


def kill_sender(worker: Worker, database: psycopg.Connection) -> Aftermath | None:
    """Kill the oldest sending process; None when it had nothing in work."""
    one = senders(worker, database)[0]
    return _strike([one], lambda: os.kill(one.pid, signal.SIGKILL), database)


def kill_worker(worker: Worker, database: psycopg.Connection) -> Aftermath | None:
    """Kill a worker with all that belongs to it; None when it had nothing in work."""
    return _strike(senders(worker, database), worker.kill, database)


def _strike(
    victims: list[Sender], kill: Callable[[], object], database: psycopg.Connection
) -> Aftermath | None:
    dead = [one.owner for one in victims]
    for one in victims:
        _stop(one.pid)
    rows = [row[0] for row in database.execute(_ROWS, [dead])]
    if not rows:
        for one in victims:
            os.kill(one.pid, signal.SIGCONT)
        return None
    began = time.monotonic()
    kill()
    demand(
        wait_until(lambda: not any(_lives(one.pid) for one in victims), 5.0), "the killed live on"
    )
    return _aftermath(database, dead, rows, began)


def _aftermath(
    database: psycopg.Connection, dead: list[UUID], rows: list[UUID], began: float
) -> Aftermath:
    settled = taken = None
    while True:
        theirs, waiting, others = _look(database, dead, rows)
        now = time.monotonic() - began
        if settled is None and not theirs:
            settled = now
        # Where all of it turned out to be finished, the work goes on once that is written down.
        if taken is None and (others or not (theirs or waiting)):
            taken = now
        if settled is not None and taken is not None and not waiting:
            return Aftermath(len(rows), settled, taken, now)
        demand(now < _PATIENCE, f"{now:.0f} s after a kill its work does not go on")


def _look(database: psycopg.Connection, dead: list[UUID], rows: list[UUID]) -> tuple[int, int, int]:
    found = database.execute(_BECAME, {"dead": dead, "rows": rows}).fetchone()
    time.sleep(0.003)
    return (found[0], found[1], found[2]) if found else (0, 0, 0)


def _stop(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    stopped = wait_until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED, 5.0)
    demand(stopped, "a sending process does not stop")


def _lives(pid: int) -> bool:
    """Whether a process is there, and not only waits to be noticed as dead by its parent."""
    with suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False


def _children(worker: Worker) -> list[int]:
    with suppress(psutil.NoSuchProcess):
        below = psutil.Process(worker.process.pid).children(recursive=True)
        return [one.pid for one in below if _lives(one.pid)]
    return []
