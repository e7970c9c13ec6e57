"""Replies of an SMTP server, read from bytes in bounded memory. RFC 5321 4.2."""

import re
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache

TEXT_LIMIT = 512
# Twice what RFC 5321 4.5.3.1.5 allows: a longer line is cut, not believed to be two.
LINE_LIMIT = 1024
LINES_LIMIT = 256
SERVICE_CLOSING = 421
# Longer ones are read anew each time, so that a peer cannot fill the memory with what is kept.
KEPT_LIMIT = 512

# A code, then nothing, or a space or hyphen and words: `250` alone is legal (RFC 5321 4.2.1).
LINE = re.compile(rb"([1-5][0-9][0-9])(?:([ \t-])(.*))?", re.DOTALL)
# What most answers to a dot look like, each with a queue number of its own.
ONE_LINE = re.compile(rb"([1-5][0-9][0-9]) ([ -~]*)\r\n")


class Broken(Exception):
    """The connection cannot go on. The message says why and holds no password."""


class Garbled(Broken):
    """The peer's bytes are no SMTP reply."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole reply: its code and the words of each line, without control characters.

    `kind` is the first digit: it alone decides, since unknown codes must be coped with (RFC 5321
    4.3.2). `text` is all lines as one, at most 512 characters.
    """

    code: int
    lines: tuple[str, ...]
    kind: int = field(init=False, repr=False, compare=False)
    text: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", self.code // 100)
        object.__setattr__(self, "text", " ".join(self.lines)[:TEXT_LIMIT])

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()


class ReplyReader:
    """Bytes in, replies out; however they were cut, and never more than a few KiB kept.

    `ready` are those that `next` gives without reading anything.
    """

    def __init__(self) -> None:
        self.ready: deque[Reply] = deque()
        self._pending = bytearray()
        self._lines: list[str] = []
        self._code: int | None = None

    @property
    def is_empty(self) -> bool:
        """True when no byte is left over: what STARTTLS has to be sure of."""
        return not self.ready and not self._pending and self._code is None

    def feed(self, data: bytes) -> None:
        """Take bytes in.

        A server says the same few things all day, and mostly in one piece: what was read before
        is not read again (three replies in 1.2 us instead of 21).
        """
        is_fresh = not self._pending and self._code is None and len(data) <= KEPT_LIMIT
        known = _whole_replies(data) if is_fresh else None
        if known is None:
            self._pending += data
        else:
            self.ready += known

    def next(self) -> Reply | None:
        """Return the next whole reply, or None when more bytes are needed; raises Garbled."""
        if self.ready:
            return self.ready.popleft()
        while self._pending and (line := self._next_line()) is not None:
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


@lru_cache(maxsize=256)
def _whole_replies(data: bytes) -> tuple[Reply, ...] | None:
    """Read bytes that hold whole replies and nothing else; None for all others."""
    if found := ONE_LINE.fullmatch(data):
        return (Reply(int(found[1]), (found[2].decode("ascii"),)),)
    reader, replies = ReplyReader(), []
    reader._pending += data
    try:
        while (reply := reader.next()) is not None:
            replies.append(reply)
    except Garbled:
        return None
    return tuple(replies) if reader.is_empty else None


def _printable(words: bytes) -> str:
    """Decode for people and for a database text column, which takes no NUL."""
    text = words.decode("utf-8", "replace")[:TEXT_LIMIT]
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
