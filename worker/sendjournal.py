"""The send journal: what this process put on the wire, in a file of its own.

`D` is written before a dot, `K` after its reply. It is not synced: it has to survive the
process, not the machine; after a reboot whatever has no `K` counts as uncertain.
"""

import os
import time
from collections.abc import Iterable
from pathlib import Path

from mailing.deliveries.sends import Dot as Dot
from mailing.deliveries.sends import Reply as Reply
from mailing.deliveries.sends import dot_line, reply_line
from mailing.deliveries.sends import read as read


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
        self._write("".join([dot_line(one, at) for one in dots]))

    def replies(self, replies: Iterable[Reply]) -> None:
        """Say what the relay answered to dots; raises OSError when that cannot be said."""
        self._write("".join([reply_line(one) for one in replies]))

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _write(self, line: str) -> None:
        raw = (b"\n" if self._is_torn else b"") + line.encode(errors="replace")
        written = os.write(self._file, raw)
        self._is_torn = written != len(raw)
        if self._is_torn:
            raise OSError("the send journal took only a part of a line: the disk is full")
