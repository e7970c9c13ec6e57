"""Faults of disks: no octet more for the send journal, or for the withdrawal journal.

Two ways to fill a disk. A limit on the length of files strikes one process and needs no rights;
a small file system that is really full strikes whoever writes there, and only root may mount it.
"""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests import road
from tests.faults import processes
from tests.faults.ground import Ground
from tests.faults.strike import Blow
from tests.faults.watch import Watch

SMALL = "1m"
_TOLD = b"kelisim ballast"


def choke_a_sender(ground: Ground, watch: Watch) -> int:
    """One sending process may make no file longer: it ends before a dot that it cannot note."""
    victim = road.wait_for(ground.senders)[0]
    longest = max(path.stat().st_size for path in _journals(victim))
    _limit(victim.pid, longest + 50)
    road.wait_for(lambda: processes.has_ended(victim) or watch.is_done)
    return int(processes.has_ended(victim))


class ChokedWeb:
    """The web process may make no file longer: nobody is told "done" until it may again."""

    name = "the withdrawal journal cannot be written"

    def prepare(self, ground: Ground) -> None:
        """Before anybody leaves."""
        self._refused = 0
        journal = ground.place / "journal" / "withdrawals.jsonl"
        _limit_web(ground, journal.stat().st_size if journal.exists() else 0)

    def hit(self, ground: Ground, watch: Watch) -> None:
        """Let it go on once it has refused a few."""
        road.wait_for(lambda: watch.crowd.unanswered["503"] >= 3)
        assert watch.crowd.answers == []
        self._refused = watch.crowd.unanswered["503"]
        self.relax(ground)

    def proof(self, ground: Ground) -> int:
        """How many answers were a 503."""
        return self._refused

    def relax(self, ground: Ground) -> None:
        """Files may grow again."""
        _limit_web(ground, resource.RLIM_INFINITY)


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """A file system of a megabyte. Raises CalledProcessError where mounting is not allowed."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL},mode=0755", "tmpfs", str(place)]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Nothing more fits on this disk while the block lasts."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(_TOLD * 100):
                pass
        except OSError:
            assert shutil.disk_usage(disk).free == 0
    yield
    ballast.unlink()


def _journals(process: psutil.Process) -> list[Path]:
    opened = [Path(os.readlink(link)) for link in Path(f"/proc/{process.pid}/fd").iterdir()]
    return [path for path in opened if path.suffix == ".sends"]


def _limit_web(ground: Ground, octets: int) -> None:
    master = psutil.Process(ground.web.pid)
    for process in (master, *master.children()):
        _limit(process.pid, octets)


def _limit(pid: int, octets: int) -> None:
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (octets, hard))


STRIKES = (
    Blow("a sending process cannot write its journal", choke_a_sender),
    ChokedWeb(),
)
