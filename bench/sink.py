"""Postfix's own test programs: smtp-sink swallows messages, smtp-source is the reference."""

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
_RECIPIENT = re.compile(rb"^X-Rcpt-Args: <([^>]*)>", re.MULTILINE)
# What smtp-source writes before the payload that -l asks for.
_SOURCE_HEADERS = 130


class MissingProgram(Exception):
    """A program that is measured against is not on this machine."""


@dataclass
class Sink:
    """One smtp-sink: its port, and what it has counted."""

    port: int
    messages: int = 0

    @property
    def url(self) -> str:
        """As a relay's address."""
        return f"smtp://127.0.0.1:{self.port}"

    def settled_at(self, expected: int) -> int:
        """The count, once it has come to what is expected or has had two seconds for it."""
        wait_until(lambda: self.messages >= expected, 2.0)
        return self.messages

    def listen(self, counters: int) -> None:
        """Follow the running counters until the sink ends."""
        rest = b""
        while read := os.read(counters, 65536):
            # A line ends with CR; one that was cut in two waits for its other half.
            whole, _, rest = (rest + read).rpartition(b"\r")
            found = _COUNTED.findall(whole)
            if found:
                self.messages = int(found[-1])


@contextmanager
def sink(dump: Path | None = None) -> Iterator[Sink]:
    """A sink for as long as the block lasts; with `dump`, every message goes into that file.

    Raises MissingProgram.
    """
    command = [program("smtp-sink"), "-c", *_as_nobody(), *(["-D", str(dump)] if dump else [])]
    one = Sink(free_port())
    process = subprocess.Popen(
        [*command, f"127.0.0.1:{one.port}", "1024"],
        stdout=subprocess.PIPE,
        bufsize=0,
        preexec_fn=die_with_parent(),
    )
    assert process.stdout is not None
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


def source(into: Sink, messages: int, octets: int) -> float:
    """Let smtp-source send so many messages of this size on ten connections; the seconds.

    Raises DoesNotCount when they did not all arrive.
    """
    before = into.messages
    size = str(max(1, octets - _SOURCE_HEADERS))
    people = ("-f", "news@glazik.example", "-t", "person@example.com")
    command = [program("smtp-source"), "-d", "-s", "10", "-l", size, "-m", str(messages), *people]
    began = time.perf_counter()
    done = subprocess.run([*command, f"127.0.0.1:{into.port}"], check=False, capture_output=True)
    seconds = time.perf_counter() - began
    demand(done.returncode == 0, f"smtp-source failed: {done.stderr.decode()}")
    arrived = into.settled_at(before + messages) - before
    demand(arrived == messages, f"smtp-source sent {messages}, {arrived} arrived")
    return seconds


def recipients(dump: Path) -> Counter[str]:
    """How often each recipient stands in a dump."""
    return Counter(one.decode() for one in _RECIPIENT.findall(dump.read_bytes()))


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
