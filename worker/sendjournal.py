"""The send journal: what this process put on the wire, in a file of its own.

`D` is written before a dot, `K` after its reply. It is not synced: it has to survive the
process, not the machine; after a reboot whatever has no `K` counts as uncertain.
"""

import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from mailing.deliveries.incarnations import Trace

# A line that was torn says as much as stands in it: a `D` whose fence is whole may have had its
# dot; a `K` counts only with its end, since half a code is another code.
_ID = "([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
_DOT = re.compile(rf"D {_ID} (\d+)(?: .*)?")
_REPLY = re.compile(rf"K {_ID} (\d+) (\d{{3}}) (.*)")


class Dot(NamedTuple):
    """A final dot that is about to be written, for which claim and whom."""

    delivery: UUID
    fence: int
    campaign: int | None
    digest: bytes


class Reply(NamedTuple):
    """What a relay answered to a dot."""

    delivery: UUID
    fence: int
    code: int
    text: str


class SendJournal:
    """An append-only file of one incarnation."""

    def __init__(self, path: Path) -> None:
        """Begin the file; raises OSError where nothing can be written, so that nothing is sent."""
        self._is_torn = False
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            self._write(f"B {time.time():.6f}\n")
        except OSError:
            self.close()
            raise

    def dots(self, dots: Iterable[Dot]) -> None:
        """Say that the dots of these are about to be written.

        Raises OSError when that cannot be said; then none of them may be written.
        """
        at = f"{time.time():.6f}"
        self._write("".join([_dot(one, at) for one in dots]))

    def replies(self, replies: Iterable[Reply]) -> None:
        """Say what the relay answered to dots; raises OSError when that cannot be said."""
        self._write("".join([_reply(one) for one in replies]))

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _write(self, line: str) -> None:
        raw = (b"\n" if self._is_torn else b"") + line.encode(errors="replace")
        written = os.write(self._file, raw)
        self._is_torn = written != len(raw)
        if self._is_torn:
            raise OSError("the send journal took only a part of a line: the disk is full")


def _dot(dot: Dot, at: str) -> str:
    return f"D {dot.delivery} {dot.fence} {dot.campaign or '-'} {dot.digest.hex()} {at}\n"


def _reply(reply: Reply) -> str:
    plain = " ".join(reply.text.split())
    return f"K {reply.delivery} {reply.fence} {reply.code} {plain}\n"


def read(path: Path) -> dict[UUID, Trace] | None:
    """What a send journal tells, by delivery; None when the file is gone."""
    try:
        lines = path.read_text(errors="replace").split("\n")
    except FileNotFoundError:
        return None
    traces: dict[UUID, Trace] = {}
    for line in lines[:-1]:
        if said := _REPLY.fullmatch(line):
            delivery, fence, code, text = said.groups()
            traces[UUID(delivery)] = Trace(int(fence), int(code), text)
        else:
            _note_dot(traces, line)
    _note_dot(traces, lines[-1])
    return traces


def _note_dot(traces: dict[UUID, Trace], line: str) -> None:
    if said := _DOT.fullmatch(line):
        traces[UUID(said[1])] = Trace(int(said[2]), None)
