"""A server process that outlives the command that started it: found again, and ended.

A process id alone proves nothing (ids come round again, above all in containers), so a server
is known by its id, its program's name and its working directory together, as the kernel tells
them. Every server here works in its own data directory.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mailing.base.errors import KelisimError

_LOOPBACK = "127.0.0.1"
# Children that run on after their lease has passed to another command: kept here, so that the
# interpreter does not take a forgotten handle for a leak.
_handles: list[subprocess.Popen[bytes]] = []


class EmbeddedError(KelisimError):
    """An embedded service could not be started, found or ended; says what to do."""


@dataclass(frozen=True)
class Account:
    """The user and group that a server runs as; None keeps our own."""

    user: int | None = None
    group: int | None = None

    def keywords(self) -> dict[str, object]:
        """What `subprocess` needs to become that user, without our extra groups."""
        if self.user is None:
            return {}
        return {"user": self.user, "group": self.group, "extra_groups": []}

    def own(self, thing: int | Path) -> None:
        """Give them a file or directory (or an open descriptor of one)."""
        if self.user is not None and self.group is not None:
            os.chown(thing, self.user, self.group)


@dataclass(frozen=True)
class Launch:
    """A server to start: where it talks to, whom it runs as, what it holds open."""

    command: Sequence[str]
    log: Path
    directory: str | Path = "/"
    account: Account = Account()
    descriptors: Sequence[int] = ()

    def start(self) -> int:
        """Start it in a session of its own; its process id.

        A session of its own keeps the terminal's Ctrl-C from a server that others use too.
        """
        with self.log.open("ab") as output:
            child = subprocess.Popen(
                self.command,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=self.descriptors,
                **self.account.keywords(),  # type: ignore[call-overload]
            )
        _handles.append(child)
        return int(child.pid)


def is_running(pid: int, directory: Path) -> bool:
    """Whether `pid` is alive and works in `directory`."""
    _reap()
    try:
        return Path(f"/proc/{pid}/cwd").samefile(directory)
    except OSError:
        return False


def has_ended(pid: int) -> bool:
    """Whether a server that we have just started is gone again."""
    _reap()
    return not Path(f"/proc/{pid}").exists()


def end(pid: int, directory: Path, signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """End the server by each signal in turn, with the seconds that each is given.

    Raises EmbeddedError when it survives them all.
    """
    for number, patience in signals:
        if not is_running(pid, directory):
            return
        _signal(pid, number)
        if wait_until(lambda: not is_running(pid, directory), patience):
            return
    if is_running(pid, directory):
        raise EmbeddedError(f"Process {pid} in {directory} does not end; end it by hand.")


def wait_until(condition: Callable[[], bool], patience: float) -> bool:
    """Whether `condition` came true within `patience` seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def free_port(before: int = 0) -> int:
    """A TCP port on the loopback address that nobody listens on at this moment.

    The one from `before` if it is free: whoever used a server that died finds it again there.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_LOOPBACK, before))
        except OSError:
            probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])


def last_words(log: Path) -> str:
    """The end of a server's log, for an error message."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return " / ".join(lines[-3:]) or "it left no log"


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _reap() -> None:
    _handles[:] = [child for child in _handles if child.poll() is None]
