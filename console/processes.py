"""Several programs as one: started together, restarted when they die, ended together.

Each program leads a process group of its own, so that Ctrl-C reaches it through us alone and
what it leaves behind can be ended with it. The kernel ends it when we are killed outright.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import IO, Self

from console.daemons import wait_until

# A worker finishes what is in flight within 30 s.
PATIENCE = 35.0
_FIRST_DELAY, _LONGEST_DELAY = 1.0, 30.0
_UNTIL_GONE = 2.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_writing = threading.Lock()


@dataclass(frozen=True)
class Program:
    """Something that `python -m` runs, under the name that its lines are marked with."""

    name: str
    arguments: Sequence[str]


class Interruption:
    """Counts the requests to end (SIGINT, SIGTERM) instead of dying of them."""

    def __init__(self) -> None:
        self.count = 0
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._asked)
        return self

    def __exit__(self, *failure: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def __bool__(self) -> bool:
        return self.count > 0

    def _asked(self, number: int, frame: FrameType | None) -> None:
        self.count += 1


@dataclass
class Member:
    """One program of a crew and what became of it."""

    program: Program
    environment: Mapping[str, str]
    losses: int = 0
    _process: "subprocess.Popen[bytes] | None" = None
    _reader: threading.Thread | None = None
    _again_at: float = field(default=0.0)

    def start(self) -> None:
        """Start it; its lines go to standard error under its name."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", *self.program.arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=die_with_parent(),
        )
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe, see above
        self._reader = threading.Thread(
            target=_copy, args=(self.program.name, self._process.stdout), daemon=True
        )
        self._reader.start()

    def tend(self) -> None:
        """Start it again if it has died, after a delay that grows with every loss."""
        if self.is_running():
            return
        if self._process is not None:
            self._lose(self._process)
        elif time.monotonic() >= self._again_at:
            self.start()

    def is_running(self) -> bool:
        """Whether its leading process is alive."""
        return self._process is not None and self._process.poll() is None

    def ask_to_end(self) -> None:
        """Send SIGTERM to its leading process, which knows how to end the others."""
        if self._process is not None and self.is_running():
            self._process.terminate()

    def end(self) -> None:
        """Kill whatever is left of its group, and close its pipe."""
        if self._process is None:
            return
        group = self._process.pid
        _kill_group(group, signal.SIGKILL)
        self._process.wait()
        # Killed is not gone yet: the kernel takes a moment, and under load more than one.
        wait_until(lambda: not _kill_group(group, 0), _UNTIL_GONE)
        if self._reader is not None and self._process.stdout is not None:
            self._reader.join(2.0)
            self._process.stdout.close()
        self._process = None

    def _lose(self, process: "subprocess.Popen[bytes]") -> None:
        """Leftovers of a dead program die with it: crash-only, like the worker itself."""
        delay = min(_FIRST_DELAY * 2**self.losses, _LONGEST_DELAY)
        self.losses += 1
        self._again_at = time.monotonic() + delay
        self.end()
        say(f"{self.program.name} ended ({process.returncode}); again in {delay:.0f} s.")


class Crew:
    """The programs together. A context: they run inside it and are gone after it."""

    def __init__(
        self,
        programs: Sequence[Program],
        environment: Mapping[str, str],
        is_hurried: Callable[[], bool] = lambda: False,
    ) -> None:
        self.members = [Member(program, environment) for program in programs]
        self._is_hurried = is_hurried

    def __enter__(self) -> Self:
        try:
            for member in self.members:
                member.start()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *failure: object) -> None:
        self.end()

    def tend(self) -> None:
        """Start again whoever has died; to be called several times a second."""
        for member in self.members:
            member.tend()

    def end(self) -> None:
        """Ask all to end, wait for them at most `PATIENCE` seconds, kill what is left."""
        for member in self.members:
            member.ask_to_end()
        wait_until(self._is_over, PATIENCE)
        for member in self.members:
            if member.is_running():
                say(f"{member.program.name} does not end by itself; it is killed.")
            member.end()

    def _is_over(self) -> bool:
        return self._is_hurried() or not any(member.is_running() for member in self.members)


def say(line: str) -> None:
    """A line of our own between those of the programs."""
    _write(b"kelisim | " + line.encode() + b"\n")


def die_with_parent() -> Callable[[], None]:
    """To run in a child before its program: the kernel sends it SIGTERM when we are gone."""
    parent = os.getpid()

    def arrange() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return arrange


def _kill_group(group: int, number: int) -> bool:
    """Send the signal to a process group (0: none, just ask); whether there was one."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


def _copy(name: str, lines: IO[bytes]) -> None:
    mark = f"{name:>7} | ".encode()
    for line in lines:
        _write(mark + line)


def _write(line: bytes) -> None:
    # One write a line, so that lines of several programs do not run into each other.
    with _writing:
        sys.stderr.write(line.decode(errors="replace"))
        sys.stderr.flush()
