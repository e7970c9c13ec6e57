"""Replies of an SMTP server, read from bytes in bounded memory. RFC 5321 4.2."""

import re
from dataclasses import dataclass

TEXT_LIMIT = 512
# Twice what RFC 5321 4.5.3.1.5 allows: a longer line is cut, not believed to be two.
LINE_LIMIT = 1024
LINES_LIMIT = 256
SERVICE_CLOSING = 421

# A code, then nothing, or a space or hyphen and words: `250` alone is legal (RFC 5321 4.2.1).
LINE = re.compile(rb"([1-5][0-9][0-9])(?:([ \t-])(.*))?", re.DOTALL)


class Broken(Exception):
    """The connection cannot go on. The message says why and holds no password."""


class Garbled(Broken):
    """The peer's bytes are no SMTP reply."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole reply: its code and the words of each line, without control characters."""

    code: int
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()

    @property
    def kind(self) -> int:
        """First digit: it alone decides, since unknown codes must be coped with (4.3.2)."""
        return self.code // 100

    @property
    def text(self) -> str:
        """All lines as one, at most 512 characters."""
        return " ".join(self.lines)[:TEXT_LIMIT]


class ReplyReader:
    """Bytes in, replies out; however they were cut, and never more than a few KiB kept."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._lines: list[str] = []
        self._code: int | None = None

    @property
    def is_empty(self) -> bool:
        """True when no byte is left over: what STARTTLS has to be sure of."""
        return not self._pending and self._code is None

    def feed(self, data: bytes) -> None:
        self._pending += data

    def next(self) -> Reply | None:
        """Return the next whole reply, or None when more bytes are needed; raises Garbled."""
        while (line := self._next_line()) is not None:
            if self._take(line):
                return self._whole()
        return None

    def _next_line(self) -> bytes | None:
        end = self._pending.find(b"\n")
        if end < 0:
            # An endless line costs no memory: its head is kept, the rest passes by.
            del self._pending[LINE_LIMIT:]
            return None
        line = bytes(self._pending[: min(end, LINE_LIMIT)])
        del self._pending[: end + 1]
        return line.rstrip(b"\r")

    def _take(self, line: bytes) -> bool:
        """Add a line; True when it is the last one of its reply."""
        found = LINE.fullmatch(line)
        if found is None:
            raise Garbled(f"the peer's answer is not SMTP: {_printable(line)[:80]}")
        code = int(found[1])
        if self._code not in (None, code) or len(self._lines) >= LINES_LIMIT:
            raise Garbled("the peer's answer mixes codes or does not end")
        self._code = code
        self._lines.append(_printable(found[3] or b""))
        return found[2] != b"-"

    def _whole(self) -> Reply:
        reply = Reply(self._code or 0, tuple(self._lines))
        self._code, self._lines = None, []
        return reply


def _printable(words: bytes) -> str:
    """Decode for people and for a database text column, which takes no NUL."""
    text = words.decode("utf-8", "replace")[:TEXT_LIMIT]
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
