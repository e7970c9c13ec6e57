"""Kills in the middle of campaigns: how soon the work of the dead goes on."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from bench import crowd, disturbed, ground, kills, machine, rig, work
from bench.goals import figures
from bench.ground import Ground
from bench.kills import Aftermath
from bench.measure import demand
from bench.rig import Rig
from bench.sink import kept_in_one, recipients, sink
from bench.sizes import Sizes
from bench.talk import say
from tests import road

# What was started in the place of the dead works for so long before the next kill.
_BETWEEN = 0.5
_MEMORY, _ROOM = Path("/dev/shm"), 2 * 2**30  # noqa: S108 - a directory of our own is made in it


@dataclass
class Hunt:
    """Kills over a campaign, each when whatever the one before has cost is made good.

    With one worker a sending process is killed, with two the whole of one.
    """

    over: Rig
    processes: tuple[int, ...]
    wanted: int
    database: psycopg.Connection
    stack: ExitStack
    found: list[Aftermath] = field(default_factory=list)
    _whole_since: float | None = None

    def strike(self) -> None:
        """Kill once, if it is time."""
        if len(self.found) >= self.wanted or not self._is_time():
            return
        struck = self._kill()
        if struck is not None:
            self._whole_since = None
            self.found.append(struck)
            say(f"kill {len(self.found)}: {struck.rows} rows, taken after {struck.taken:.2f} s")

    def _is_time(self) -> bool:
        alive = [len(kills.senders(one, self.database)) for one in self.over.workers]
        if sorted(alive) != sorted(self.processes):
            self._whole_since = None
            return False
        self._whole_since = self._whole_since or time.monotonic()
        return time.monotonic() - self._whole_since > _BETWEEN

    def _kill(self) -> Aftermath | None:
        victim = self.over.workers[0]
        if len(self.over.workers) == 1:
            return kills.kill_sender(victim, self.database)
        struck = kills.kill_worker(victim, self.database)
        if struck is not None:
            number = len(self.found) + len(self.processes) + 1
            fresh = rig.working(self.over.place, number, self.processes[0])
            self.over.workers[:] = [*self.over.workers[1:], self.stack.enter_context(fresh)]
        return struck


def measure(sizes: Sizes) -> dict[str, Any]:
    """Seconds from a kill to the dead's work in other hands; rates with kills and without.

    Raises DoesNotCount when anybody got a message twice, or a message is missing that the
    database does not call uncertain.
    """
    with ground.ground() as place:
        crowd.lay(place, road.lay().id, sizes.crowd)
        one = _hunt(place, sizes, (sizes.processes,))
        whole = _hunt(place, sizes, (1, 1))
        under = disturbed.measure(place, sizes)
    worst = max(one["taken"]["worst"], whole["taken"]["worst"])
    return {
        "figures": figures(after_kill_seconds=worst) | under.pop("figures"),
        "sending_process": one,
        "whole_worker": whole,
        "throughput": under,
        "database": place.database,
    }


def _hunt(place: Ground, sizes: Sizes, processes: tuple[int, ...]) -> dict[str, Any]:
    """As many campaigns as the kills need."""
    found: list[Aftermath] = []
    load, campaigns = machine.load(), 0
    while len(found) < sizes.kills:
        found += _campaign(place, sizes, processes, sizes.kills - len(found))
        campaigns += 1
        demand(campaigns <= sizes.kills, "a campaign is over before anything can be killed")
    say(f"{len(found)} kills: taken after {median(one.taken for one in found):.2f} s as a rule")
    return {
        "load": load,
        "workers": len(processes),
        "campaigns": campaigns,
        "settled": _summary([one.settled for one in found]),
        "taken": _summary([one.taken for one in found]),
        "kills": [one.told() for one in found],
    }


def _campaign(
    place: Ground, sizes: Sizes, processes: tuple[int, ...], wanted: int
) -> list[Aftermath]:
    """One campaign with kills; each person by name got one message at the most."""
    ground.settle()
    number = road.campaign()
    relay = {"KELISIM_SMTP_CONNECTIONS": str(sizes.connections)}
    with _kept(place) as (options, dump), sink(*options) as into, ExitStack() as stack:
        over = stack.enter_context(rig.rig(place, into, *processes, **relay))
        database = stack.enter_context(ground.connection(place))
        hunt = Hunt(over, processes, wanted, database, stack)
        road.start(number)
        work.until_done(number, into, hunt.strike)
        disturbed.demand_balance(number, into.messages, sizes.crowd)
        got = recipients(dump)
        twice = sum(1 for times in got.values() if times > 1)
        demand(not twice and got.total() == into.messages, f"{twice} people got it twice")
        return hunt.found


@contextmanager
def _kept(place: Ground) -> Iterator[tuple[list[str], Path]]:
    """A file for one campaign's messages: hundreds of megabytes, so it goes as soon as it may.

    In memory where there is room: the kernel writes what is half a minute old out at once, and on
    the database's own disk every commit would wait for that.
    """
    has_room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    where = _MEMORY if has_room else place.directory
    with tempfile.TemporaryDirectory(prefix="kelisim-bench-", dir=where) as directory:
        Path(directory).chmod(0o755)
        yield kept_in_one(Path(directory))


def _summary(seconds: list[float]) -> dict[str, float]:
    return {"median": round(median(seconds), 3), "worst": round(max(seconds), 3)}
