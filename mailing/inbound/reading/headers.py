"""Header fields, decoded from their octets (RFC 2047, and what is sent instead of it)."""

import binascii
import re
from base64 import b64decode
from email.message import Message
from quopri import decodestring

from mailing.inbound.reading.charsets import decode

LONGEST_FIELD = 16_384
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN = re.compile(r"(\?=)\s+(?==\?)")
_FOLD = re.compile(r"\r?\n(?=[ \t])|[\r\n]+")


def field(message: Message, name: str) -> str:
    """The first field of this name, unfolded and decoded; empty where there is none."""
    values = fields(message, name)
    return values[0] if values else ""


def fields(message: Message, name: str) -> list[str]:
    """All fields of this name, unfolded and decoded."""
    wanted = name.lower()
    found = [value for key, value in message.raw_items() if key.lower() == wanted]
    return [text_of(value) for value in found]


def as_folded(message: Message, name: str) -> str:
    """The first field of this name, decoded, with its folds: some stand inside a word."""
    values = (value for key, value in message.raw_items() if key.lower() == name.lower())
    octets = str(next(values, ""))[:LONGEST_FIELD].encode("utf-8", "surrogateescape")
    return _decoded(decode(octets)).strip()


def text_of(value: object) -> str:
    """One value as the parser keeps it (raw octets stand as surrogates) as text."""
    octets = str(value)[:LONGEST_FIELD].encode("utf-8", "surrogateescape")
    raw = _FOLD.sub("", decode(octets))
    return _decoded(raw).strip()


def _decoded(raw: str) -> str:
    """Encoded words read; those that stand beside each other in one charset are joined as octets,
    because some senders cut letters in two (RFC 2047 section 5 forbids it)."""
    if "=?" not in raw:
        return raw
    out: list[str] = []
    end, kept, charset = 0, b"", ""
    for found in _WORD.finditer(raw := _BETWEEN.sub(r"\1", raw)):
        if kept and (found.start() != end or found[1].lower() != charset):
            out.append(decode(kept, charset))
            kept = b""
        out.append(raw[end : found.start()])
        kept, charset, end = kept + _octets(found), found[1].lower().split("*")[0], found.end()
    out.append(decode(kept, charset) if kept else "")
    return "".join(out) + raw[end:]


def _octets(found: re.Match[str]) -> bytes:
    content = found[3].encode("utf-8", "replace")
    if found[2] in "qQ":
        return decodestring(content, header=True)
    try:
        return b64decode(content + b"=" * (-len(content) % 4))
    except (binascii.Error, ValueError):
        return b""
