"""Processor time by part: where a message's microseconds go, even on a machine that is busy."""

import os
import resource
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import psutil
from redis import Redis

from bench.ground import Ground, connection

Spent = dict[str, float]

_SWEEPER = "worker.sweeper"
# PostgreSQL's own processes that write what the sessions have changed.
_WRITERS = ("walwriter", "checkpointer", "background writer", "autovacuum", "logical replication")


@dataclass
class Meter:
    """How much processor time the parts spend while the block lasts.

    `look` tells the seconds that each part has spent since it began.
    """

    look: Callable[[], Spent]
    _before: Spent = field(default_factory=dict)
    _after: Spent = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._before = self.look()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._after = self.look()

    def told(self, messages: int) -> dict[str, Any]:
        """Microseconds a message by part, and the rate that they would leave all cores.

        The kernel counts in hundredths of a second: small runs tell little.
        """
        spent = {name: self._after[name] - self._before.get(name, 0.0) for name in self._after}
        together = sum(spent.values())
        return {
            "microseconds_a_message": {n: round(s / messages * 1e6, 1) for n, s in spent.items()},
            "together": round(together / messages * 1e6, 1),
            "rate_at_most": round((os.cpu_count() or 1) * messages / together) if together else 0,
        }


@dataclass(frozen=True)
class Parts:
    """The processes of one measured system. What runs on another machine is left out."""

    workers: tuple[int, ...]
    sink: int
    database: int | None
    queue: int | None

    def look(self) -> Spent:
        """The seconds that each part has spent so far."""
        found = {"sink": of_tree(self.sink), "bench": of_process(psutil.Process())}
        for worker in self.workers:
            for name, seconds in _of_worker(worker).items():
                found[name] = found.get(name, 0.0) + seconds
        if self.database is not None:
            found |= _of_database(self.database)
        if self.queue is not None:
            found["queue"] = of_tree(self.queue)
        return found


def parts(place: Ground, workers: list[int], sink: int) -> Parts:
    """The parts of a campaign: its workers, its sink, and the services below them."""
    return Parts(tuple(workers), sink, _postmaster(place), _queue(place))


def of_children() -> float:
    """The seconds of the children of this process that have ended and were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def of_process(process: psutil.Process) -> float:
    """The seconds of a process by itself; zero once it is gone."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def of_tree(pid: int) -> float:
    """The seconds of a process and all below it, those that have ended included."""
    root = psutil.Process(pid)
    return sum(of_process(one) + _of_ended(one) for one in [root, *root.children(recursive=True)])


def _of_worker(pid: int) -> Spent:
    root = psutil.Process(pid)
    sweepers = [one for one in root.children() if _SWEEPER in _command(one)]
    sweeping = sum(of_tree(one.pid) for one in sweepers)
    parent = of_process(root)
    return {"sending": of_tree(pid) - parent - sweeping, "parent": parent, "sweeper": sweeping}


def _of_database(postmaster: int) -> Spent:
    root = psutil.Process(postmaster)
    writers = [one for one in root.children() if any(name in _command(one) for name in _WRITERS)]
    writing = sum(of_process(one) for one in writers)
    return {"database": of_tree(postmaster) - writing, "database_writers": writing}


def _of_ended(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.children_user + times.children_system)


def _postmaster(place: Ground) -> int | None:
    with connection(place) as database:
        row = database.execute("SELECT pg_backend_pid()").fetchone()
        pid = row[0] if row else 0
        # The number may be one of another machine, and of something else on this one.
        if not psutil.pid_exists(pid) or "postgres" not in _command(psutil.Process(pid)):
            return None
        return psutil.Process(pid).ppid()


def _queue(place: Ground) -> int | None:
    with Redis.from_url(place.environment["KELISIM_REDIS_URL"]) as queue:
        pid = int(queue.info("server")["process_id"])
    is_here = psutil.pid_exists(pid) and psutil.Process(pid).name() in _QUEUES
    return pid if is_here else None


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


_QUEUES = ("valkey-server", "redis-server")
