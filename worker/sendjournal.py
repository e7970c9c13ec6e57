"""The send journal: what this process put on the wire, in a file of its own.

`D` is written before a dot, `K` after its reply. It is not synced: it has to survive the
process, not the machine; after a reboot whatever has no `K` counts as uncertain.
"""

import os
import time
from pathlib import Path
from uuid import UUID

from mailing.deliveries.incarnations import Trace


class SendJournal:
    """An append-only file of one incarnation."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def dot(self, delivery: UUID, fence: int, digest: bytes) -> None:
        """Say that the dot is about to be written; raises OSError when that cannot be said."""
        self._write(f"D {delivery} {fence} {digest.hex()} {time.time():.6f}\n")

    def reply(self, delivery: UUID, fence: int, code: int, text: str) -> None:
        """Say what the relay answered to the dot."""
        plain = " ".join(text.split())
        self._write(f"K {delivery} {fence} {code} {plain}\n")

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _write(self, line: str) -> None:
        raw = line.encode()
        if os.write(self._file, raw) != len(raw):
            raise OSError("the send journal took only a part of a line: the disk is full")


def read(path: Path) -> dict[UUID, Trace] | None:
    """What a send journal tells, by delivery; None when the file is gone."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return None
    traces: dict[UUID, Trace] = {}
    for line in lines:
        words = line.split(" ", 4)
        if len(words) >= 3 and words[0] == "D":
            traces[UUID(words[1])] = Trace(int(words[2]), None)
        elif len(words) >= 4 and words[0] == "K":
            text = words[4] if len(words) > 4 else ""
            traces[UUID(words[1])] = Trace(int(words[2]), int(words[3]), text)
    return traces
