"""A message taken apart under limits (RFC 2045, 2046): slices of its octets, never a copy too many.

Python's own parser has no limits on nesting and none on parts; here every step is linear in
the octets, so that the limits below are a limit on time as well.
"""

import base64
import binascii
import quopri
import re
from dataclasses import dataclass

from mailing.inbound.reading import fields
from mailing.inbound.reading.charsets import decode
from mailing.inbound.reading.fields import Fields, TooMuch

LARGEST = 25 * 1024 * 1024
MOST_PARTS = 200
DEEPEST = 12
MOST_TEXT = 256 * 1024

_BLANK = re.compile(rb"\r?\n[ \t]*\r?\n|\r\r")
_NO_HEADER = re.compile(rb"[ \t]*\r?\n")
_SPACE = re.compile(rb"[^A-Za-z0-9+/=]")


@dataclass(frozen=True)
class Part:
    """One part. `inner` are its parts: those of a multipart, or the message that it holds."""

    fields: Fields
    body: bytes
    type: str
    parameters: dict[str, str]
    inner: tuple["Part", ...] = ()

    @property
    def filename(self) -> str:
        """The name of an attachment, decoded; empty where it has none."""
        if "content-disposition" not in self.fields and "name" not in self.parameters:
            return ""
        given = fields.parameters(fields.first(self.fields, "content-disposition"))
        return fields.words(given.get("filename") or self.parameters.get("name", ""))

    @property
    def text(self) -> str:
        """The body as text, transfer encoding and charset undone; at most `MOST_TEXT` octets."""
        return decode(self.octets, self.parameters.get("charset", ""))

    @property
    def octets(self) -> bytes:
        """The body with its transfer encoding undone."""
        coding = fields.first(self.fields, "content-transfer-encoding").lower()
        if coding == "base64":
            return _of_base64(self.body[: MOST_TEXT * 3 // 2])
        if coding == "quoted-printable":
            return quopri.decodestring(self.body[:MOST_TEXT])
        return self.body[:MOST_TEXT]

    def walk(self, into_messages: bool = False) -> list["Part"]:
        """This part and those inside it, in order; a held message's own only where asked."""
        found, waiting = [], [self]
        while waiting:
            part = waiting.pop()
            found.append(part)
            if into_messages or not part.type.startswith("message/"):
                waiting.extend(reversed(part.inner))
        return found


def parse(raw: bytes) -> Part:
    """A message as its parts. Raises `TooMuch` for whatever is beyond the limits."""
    if len(raw) > LARGEST:
        raise TooMuch("too large")
    return _Parser().part(_without_envelope(raw), 0, "text/plain")


class _Parser:
    """Counts the parts of one message."""

    def __init__(self) -> None:
        self.count = 0

    def part(self, raw: bytes, depth: int, default: str) -> Part:
        self.count += 1
        if self.count > MOST_PARTS:
            raise TooMuch("too many parts")
        if depth > DEEPEST:
            raise TooMuch("nested too deeply")
        header, body = _halves(raw)
        known = fields.parse(header)
        named = fields.first(known, "content-type")
        kind = named.partition(";")[0].strip().lower() or default
        given = fields.parameters(named) if ";" in named else {}
        return Part(known, body, kind, given, self._inner(kind, given, body, depth))

    def _inner(
        self, kind: str, given: dict[str, str], body: bytes, depth: int
    ) -> tuple[Part, ...]:
        if kind.startswith("multipart/") and given.get("boundary"):
            default = "message/rfc822" if kind == "multipart/digest" else "text/plain"
            slices = _slices(body, given["boundary"])
            return tuple(self.part(one, depth + 1, default) for one in slices)
        if kind in ("message/rfc822", "message/global"):
            return (self.part(body.lstrip(b"\r\n"), depth + 1, "text/plain"),)
        return ()


def _without_envelope(raw: bytes) -> bytes:
    """Without blank lines and the line that an mbox puts before a message."""
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    return raw.partition(b"\n")[2] if raw.startswith((b"From ", b">From ")) else raw


def _halves(raw: bytes) -> tuple[bytes, bytes]:
    if match := _NO_HEADER.match(raw):
        return b"", raw[match.end() :]
    match = _BLANK.search(raw, 0, fields.MOST_OCTETS + 4)
    if match:
        return raw[: match.start()], raw[match.end() :]
    return raw, b""


def _slices(body: bytes, boundary: str) -> list[bytes]:
    """What stands between the lines of a boundary; what was cut off ends at the end."""
    mark = b"--" + boundary.encode("utf-8", "surrogatepass").rstrip()
    found, start, at = [], -1, 0
    while (at := body.find(mark, at)) >= 0:
        end, after = at, at + len(mark)
        at = after
        if end and body[end - 1 : end] not in (b"\n", b"\r"):
            continue
        is_last = body[after : after + 2] == b"--"
        if body[after : after + 1] not in (b"", b"\r", b"\n", b" ", b"\t") and not is_last:
            continue
        if start >= 0:
            found.append(_without_newline(body[start:end]))
        line_end = body.find(b"\n", after)
        start = line_end + 1 if line_end >= 0 else len(body)
        if is_last or len(found) > MOST_PARTS:
            return found
    return [*found, body[start:]] if start >= 0 else found


def _without_newline(octets: bytes) -> bytes:
    return octets[:-2] if octets.endswith(b"\r\n") else octets[:-1]


def _of_base64(body: bytes) -> bytes:
    clean = _SPACE.sub(b"", body).partition(b"=")[0]
    try:
        return base64.b64decode(clean[: len(clean) - (len(clean) % 4 == 1)] + b"==")[:MOST_TEXT]
    except binascii.Error:
        return b""
