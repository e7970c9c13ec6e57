"""The octets of a message, as they go over the wire."""

from collections.abc import Sequence
from typing import NamedTuple, Self


class Octets(NamedTuple):
    """What follows 354 (RFC 5321 4.5.2): CRLF only, dots doubled, without the final dot.

    `pieces` make the `wire` when they are joined. That waits until it is written: a group of the
    gate, joined as it is composed, would have left the processor's caches by then, whereas pieces
    are mostly the same for everybody. `size` counts the octets before any dot was doubled (RFC 1870
    section 3); `is_ascii` is false where the relay must offer 8BITMIME (RFC 6152).
    """

    pieces: Sequence[bytes]
    size: int
    is_ascii: bool

    @classmethod
    def of(cls, message: bytes) -> Self:
        """Check and stuff a whole RFC 5322 message; a last line without an end gets one.

        Raises ValueError for a bare CR or LF or a NUL: that is a mistake of the program, and on
        the wire it could end the message early.
        """
        pairs = message.count(b"\r\n")
        if message.count(b"\n") != pairs or message.count(b"\r") != pairs or b"\0" in message:
            raise ValueError("a message must hold CRLF line ends only, and no NUL")
        wire = message.replace(b"\r\n.", b"\r\n..")
        if wire.startswith(b"."):
            wire = b"." + wire
        if wire and not wire.endswith(b"\r\n"):
            wire += b"\r\n"
        return cls([wire], len(message), message.isascii())

    def below(self, fields: str) -> Self:
        """The same message with these fields on top: ASCII, each with its CRLF, no dot in front."""
        top = fields.encode("ascii")
        return type(self)([top, *self.pieces], len(top) + self.size, self.is_ascii)

    @property
    def wire(self) -> bytes:
        """All of it, joined anew each time."""
        return b"".join(self.pieces)

    @property
    def message(self) -> bytes:
        """The message itself, each doubled dot single again."""
        return self.wire.replace(b"\r\n..", b"\r\n.").removeprefix(b".")
