"""smtp-sink, Postfix's own test program: it swallows messages and counts them."""

import os
import re
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.measure import demand
from console.daemons import free_port, wait_until
from console.processes import die_with_parent

_PLACES = "/usr/sbin:/usr/local/sbin:/sbin:/usr/libexec/postfix"
_COUNTED = re.compile(rb"mesg=(\d+)")
_RECIPIENT = re.compile(rb"X-Rcpt-Args: <([^>]*)>")
# Counters are gathered for so long before they are read: reading each of them by itself would
# cost the machine that is measured more than the sink's own work.
_GATHER = 0.05
_SESSIONS = "1024"


class MissingProgram(Exception):
    """A program that is measured against is not on this machine."""


@dataclass
class Sink:
    """One smtp-sink: its port, its process, and what it has counted.

    `first_at` and `last_at` are when the count moved for the first time since `mark`, and the
    last time: seconds of time.monotonic(), late by 50 ms at the most.
    """

    port: int
    pid: int = 0
    messages: int = 0
    first_at: float | None = None
    last_at: float = 0.0

    @property
    def url(self) -> str:
        """As a relay's address."""
        return f"smtp://127.0.0.1:{self.port}"

    def settled_at(self, expected: int) -> int:
        """The count, once it has come to what is expected or has had two seconds for it."""
        wait_until(lambda: self.messages >= expected, 2.0)
        return self.messages

    def mark(self) -> int:
        """Forget when the first message came; the count so far."""
        self.first_at = None
        return self.messages

    def listen(self, counters: int) -> None:
        """Follow the running counters until the sink ends."""
        rest = b""
        while read := os.read(counters, 65536):
            # A line ends with CR; one that was cut in two waits for its other half.
            whole, _, rest = (rest + read).rpartition(b"\r")
            found = _COUNTED.findall(whole)
            if found and int(found[-1]) != self.messages:
                self._count(int(found[-1]))
            time.sleep(_GATHER)

    def _count(self, messages: int) -> None:
        self.last_at = time.monotonic()
        self.first_at = self.first_at or self.last_at
        self.messages = messages


@contextmanager
def sink(*options: str) -> Iterator[Sink]:
    """A sink for as long as the block lasts. Raises MissingProgram.

    Of its options, `-D` and `-d` keep what it gets (`kept_in_one`, `kept_apart`).
    """
    command = [program("smtp-sink"), "-c", *_as_nobody(), "-m", _SESSIONS, *options]
    port = free_port()
    process = subprocess.Popen(
        [*command, f"127.0.0.1:{port}", _SESSIONS],
        stdout=subprocess.PIPE,
        bufsize=0,
        preexec_fn=die_with_parent(),
    )
    assert process.stdout is not None
    one = Sink(port, process.pid)
    reader = threading.Thread(target=one.listen, args=(process.stdout.fileno(),), daemon=True)
    reader.start()
    try:
        demand(wait_until(lambda: _listens(one.port), 10.0), "smtp-sink does not listen")
        yield one
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()


def kept_in_one(directory: Path) -> tuple[list[str], Path]:
    """The options of a sink that keeps all it gets in one file, and the file."""
    place = _open_to_all(directory / "all")
    return ["-D", str(place / "messages")], place / "messages"


def kept_apart(directory: Path) -> tuple[list[str], Path]:
    """The options of a sink that keeps each message in a file of its own, and their directory."""
    place = _open_to_all(directory / "apart")
    return ["-d", f"{place}/"], place


def recipients(dump: Path) -> Counter[str]:
    """How often each recipient stands in a file of all messages."""
    with dump.open("rb") as lines:
        found = (_RECIPIENT.match(line) for line in lines)
        return Counter(one[1].decode() for one in found if one)


def _open_to_all(directory: Path) -> Path:
    directory.mkdir()
    directory.chmod(0o777)
    return directory


def program(name: str) -> str:
    """The path of one of Postfix's test programs; raises MissingProgram."""
    found = shutil.which(name) or shutil.which(name, path=_PLACES)
    if found is None:
        raise MissingProgram(
            f"This machine has no {name}. It belongs to Postfix: apt-get install postfix "
            "(the mail server itself need not run)."
        )
    return found


def _as_nobody() -> list[str]:
    """smtp-sink refuses to work as root."""
    return ["-u", "nobody"] if os.geteuid() == 0 else []


def _listens(port: int) -> bool:
    # A look at the kernel's table, because a probing connection would count as a session.
    wanted = f"0100007F:{port:04X} 00000000:0000 0A"
    return wanted in Path("/proc/net/tcp").read_text()
