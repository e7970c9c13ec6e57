"""Two parts, text and HTML, in one `multipart/alternative` (RFC 2046)."""

from binascii import b2a_base64
from collections.abc import Iterable
from struct import Struct

LONGEST_PLAIN_LINE = 900  # octets; RFC 5322 allows 998
LINE_OCTETS = 57  # what a line of base64 holds
LINE_LETTERS = 76  # and how long it is: RFC 2045 section 6.8 allows no more


def boundary(delivery: str) -> str:
    """One per delivery and always the same, so that a retry is byte-identical.

    It begins with `=_`, which base64 never holds; and who writes knows nobody's delivery.
    """
    return f"=_{delivery}"


def part_head(subtype: str, encoding: str) -> bytes:
    """The header of a body part, with the empty line after it."""
    return (
        f"Content-Type: text/{subtype}; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    ).encode("ascii")


# The octets that `multipart` writes besides its parts and three times the mark.
AROUND = 3 * len("--") + 5 * len("\r\n") + len("--")


def multipart(mark: str, plain: Iterable[bytes], html: Iterable[bytes]) -> list[bytes]:
    """The body between its boundary lines, in pieces; the caller has written the header."""
    line = f"--{mark}".encode("ascii")
    first = [line, b"\r\n", *plain, b"\r\n"]
    return [*first, line, b"\r\n", *html, b"\r\n", line, b"--\r\n"]


def stuffed(part: Iterable[bytes]) -> list[bytes]:
    """A part with its dots doubled (RFC 5321 4.5.2); its first line is that of its header."""
    return [b"".join(part).replace(b"\r\n.", b"\r\n..")]


def content_type(mark: str) -> str:
    """The header field that goes with `multipart`."""
    return f'Content-Type: multipart/alternative;\r\n boundary="{mark}"'


def is_plain(text: str) -> bool:
    """Short ASCII needs no encoding. A line that begins with "From " is mangled by mailboxes."""
    if not text.isascii() or "\r" in text or "\0" in text:
        return False
    if text.startswith("From ") or "\nFrom " in text:
        return False
    return max(map(len, text.split("\n"))) <= LONGEST_PLAIN_LINE


def base64_lines(octets: bytes) -> list[bytes]:
    """Base64 in lines of 76 letters, without their ends."""
    return list(lines_of(len(octets)).unpack(b2a_base64(octets, newline=False)))


def lines_of(octets: int) -> Struct:
    """Cut the base64 of so many octets into lines: one call takes 2 µs for 10 kB, slices 9."""
    whole, rest = divmod((octets + 2) // 3 * 4, LINE_LETTERS)
    return Struct(f"{LINE_LETTERS}s" * whole + (f"{rest}s" if rest else ""))
