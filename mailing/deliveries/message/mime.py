"""Two parts, text and HTML, in one `multipart/alternative` (RFC 2046)."""

from binascii import b2a_base64
from hashlib import sha256

LONGEST_PLAIN_LINE = 900  # octets; RFC 5322 allows 998


def boundary(delivery: str) -> str:
    """One per delivery and always the same, so that a retry is byte-identical.

    It begins with `=_`, which base64 never holds.
    """
    return "=_" + sha256(delivery.encode()).hexdigest()[:32]


def part(subtype: str, text: str) -> bytes:
    """A body part with its header; lines end in CRLF, none is longer than 900 octets."""
    octets = text.replace("\n", "\r\n").encode()
    encoding, body = ("7bit", octets) if _is_plain(text) else ("base64", _base64(octets))
    head = (
        f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n"
    )
    return head.encode("ascii") + b"\r\n" + body


def multipart(mark: str, parts: list[bytes]) -> bytes:
    """The body between its boundary lines; the caller has written the header."""
    line = f"\r\n--{mark}".encode("ascii")
    opened = b"".join(line + b"\r\n" + each for each in parts)
    return opened.removeprefix(b"\r\n") + line + b"--\r\n"


def content_type(mark: str) -> str:
    """The header field that goes with `multipart`."""
    return f'Content-Type: multipart/alternative;\r\n boundary="{mark}"'


def _is_plain(text: str) -> bool:
    """Short ASCII needs no encoding. A line that begins with "From " is mangled by mailboxes."""
    if not text.isascii() or "\r" in text or text.startswith("From ") or "\nFrom " in text:
        return False
    return max(map(len, text.split("\n"))) <= LONGEST_PLAIN_LINE


def _base64(octets: bytes) -> bytes:
    encoded = b2a_base64(octets, newline=False)
    return b"\r\n".join([encoded[at : at + 76] for at in range(0, len(encoded), 76)])
