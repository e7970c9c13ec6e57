"""The programs of the demo as real processes: catcher, web, beat, worker."""

import contextlib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from console.daemons import wait_until
from console.demo.premises import Premises
from console.demo.verdicts import Interrupted, Unverified
from console.processes import Crew, Interruption, Program
from console.programs import BEAT, web_program, worker_program
from console.up import is_ready

READY_SECONDS = 120.0
CONCURRENCY = 2


@dataclass
class Stage:
    """What is running, and the worker that can be sent away and called back."""

    premises: Premises
    interruption: Interruption
    house: Crew
    worker: Crew

    def send_worker_away(self) -> None:
        """End the worker as a restart of its machine would; what it holds is put back."""
        self.worker.end()

    def call_worker_back(self) -> None:
        """Start it again and wait until it consumes."""
        for member in self.worker.members:
            member.start()
        self.demand(self._is_ready, READY_SECONDS, "the worker did not come back")

    def tend(self) -> None:
        """Start again whatever has died."""
        self.house.tend()
        self.worker.tend()

    def demand(self, condition: Callable[[], bool], seconds: float, otherwise: str) -> None:
        """Wait for something. Raises Unverified with `otherwise`, or Interrupted."""
        came = wait_until(lambda: bool(self.interruption) or condition(), seconds)
        if self.interruption:
            raise Interrupted
        if not came:
            raise Unverified(f"{otherwise} (waited {seconds:.0f} s)")

    def _is_ready(self) -> bool:
        return is_ready(self.premises.settings, self.premises.web_port)


@contextmanager
def stage(premises: Premises, interruption: Interruption) -> Iterator[Stage]:
    """Start everything and wait until it works; all of it is gone afterwards."""
    is_hurried = _is_hurried(interruption)
    house = Crew(_house(premises), premises.environment, is_hurried)
    worker = Crew(
        [Program("worker", worker_program(CONCURRENCY))], premises.environment, is_hurried
    )
    # Programs look for .env where they are started: the demo's directory has none.
    with _lines_kept(premises), contextlib.chdir(premises.directory), house, worker:
        running = Stage(premises, interruption, house, worker)
        running.demand(lambda: _listens(premises.smtp_port), READY_SECONDS, "no mail catcher")
        running.demand(running._is_ready, READY_SECONDS, "web or worker did not get ready")
        yield running


def last_lines(premises: Premises, count: int) -> list[str]:
    """The last lines that the programs wrote."""
    return _log(premises).read_text(errors="replace").splitlines()[-count:]


def _is_hurried(interruption: Interruption) -> Callable[[], bool]:
    return lambda: interruption.count > 1


def _house(premises: Premises) -> list[Program]:
    ports = ("--smtp-port", str(premises.smtp_port), "--http-port", str(premises.catcher_port))
    catcher = ("console.demo.relay", *ports, "--dir", str(premises.mail))
    return [
        Program("catcher", catcher),
        Program("web", web_program("127.0.0.1", premises.web_port)),
        Program("beat", BEAT),
    ]


@contextmanager
def _lines_kept(premises: Premises) -> Iterator[None]:
    """Keep the programs' lines in a file: the story is for the terminal."""
    with _log(premises).open("w") as file, contextlib.redirect_stderr(file):
        yield


def _log(premises: Premises) -> Path:
    return premises.directory / "programs.log"


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
