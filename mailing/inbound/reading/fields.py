"""Header fields, read from their octets: unfolded, bounded, decoded (RFC 5322, 2047, 2231)."""

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from mailing.inbound.reading.charsets import candidates, codec_of, decode

MOST_FIELDS = 1000
MOST_OCTETS = 256 * 1024
LONGEST = 8 * 1024

_FIELD = re.compile(rb"^([!-9;-~]{1,100})[ \t]*:")
_WORD = re.compile(r"=\?([^?\s*]{1,40})(?:\*[^?\s]{0,20})?\?([bBqQ])\?([^?]{0,8000})\?=")
_BETWEEN = re.compile(r"(\?=)\s+(=\?)")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_PARAMETER = re.compile(r';\s*([\w.-]{1,60}\*?(?:\d{1,2}\*?)?)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]+)')
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"\\@]{1,64}@[^\s<>()\[\],;:\"\\@]{1,255}")

Fields = dict[str, list[bytes]]


class TooMuch(Exception):
    """A message beyond the limits of reading; its text says which."""


def parse(block: bytes) -> Fields:
    """Fields by their lower-case names, values unfolded, in their order. Raises `TooMuch`."""
    if len(block) > MOST_OCTETS:
        raise TooMuch("too large a header")
    lines = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    if len(lines) > 4 * MOST_FIELDS:
        raise TooMuch("too many header lines")
    found: Fields = {}
    for name, gathered in _gathered(lines):
        found.setdefault(name, []).append(b"".join(gathered).strip())
    return found


def first(fields: Fields, name: str) -> str:
    """The first field of this name as text; empty where there is none."""
    values = fields.get(name)
    return text(values[0]) if values else ""


def every(fields: Fields, name: str) -> list[str]:
    """All fields of this name as text."""
    return [text(value) for value in fields.get(name, ())]


def text(value: bytes) -> str:
    """A value decoded: 8-bit octets by what fits them, encoded words by their own charset."""
    return words(decode(value[:LONGEST])).strip()


def readings(value: bytes) -> list[str]:
    """Every way in which an 8-bit value may be read, the likeliest first."""
    return [words(one).strip() for one in candidates(value[:LONGEST])]


def words(value: str) -> str:
    """Encoded words decoded (RFC 2047); a letter that is split over two of them is whole again."""
    if "=?" not in value:
        return value
    pieces: list[tuple[str, bytes]] = []
    joined, at = _BETWEEN.sub(r"\1\2", value), 0
    for match in _WORD.finditer(joined):
        _put(pieces, "utf-8", joined[at : match.start()].encode("utf-8", "surrogatepass"))
        _put(pieces, match[1].lower(), _unworded(match[2], match[3]))
        at = match.end()
    _put(pieces, "utf-8", joined[at:].encode("utf-8", "surrogatepass"))
    return "".join(decode(octets, name if codec_of(name) else "") for name, octets in pieces)


def parameters(value: str) -> dict[str, str]:
    """Parameters of a MIME field, those in pieces and in other charsets joined (RFC 2231)."""
    found: dict[str, str] = {}
    for match in list(_PARAMETER.finditer(value[:LONGEST]))[:60]:
        name, given = match[1].lower(), match[2]
        plain = re.sub(r"\\(.)", r"\1", given[1:-1]) if given.startswith('"') else given
        base, star, rest = name.partition("*")
        if star and (not rest or rest.endswith("*")):
            plain = _extended(plain)
        found[base] = found[base] + plain if star and base in found else plain
    return found


def addresses(value: str) -> list[str]:
    """The addresses in a value, as written, in their order."""
    angled = re.findall(r"<\s*([^<>\s]{1,320})\s*>", value)
    found = [one for one in angled if _ADDRESS.fullmatch(one)]
    return found or _ADDRESS.findall(value)


def _gathered(lines: list[bytes]) -> list[tuple[str, list[bytes]]]:
    """Each field with the lines that it is folded over."""
    found: list[tuple[str, list[bytes]]] = []
    for line in lines:
        if line[:1] in (b" ", b"\t") and found:
            found[-1][1].append(line)
        elif match := _FIELD.match(line):
            found.append((match[1].decode("ascii").lower(), [line[match.end() :]]))
    if len(found) > MOST_FIELDS:
        raise TooMuch("too many header fields")
    return found


def _put(pieces: list[tuple[str, bytes]], name: str, octets: bytes) -> None:
    if not octets:
        return
    if pieces and pieces[-1][0] == name:
        octets = pieces.pop()[1] + octets
    pieces.append((name, octets))


def _unworded(coding: str, payload: str) -> bytes:
    octets = payload.encode("ascii", "ignore")
    if coding in "qQ":
        return _HEX.sub(lambda hit: bytes([int(hit[1], 16)]), octets.replace(b"_", b" "))
    try:
        return base64.b64decode(octets + b"=" * (-len(octets) % 4))
    except binascii.Error:
        return b""


def _extended(value: str) -> str:
    charset, quote, rest = value.partition("'")
    if not quote:
        return decode(unquote_to_bytes(value), "utf-8")
    return decode(unquote_to_bytes(rest.partition("'")[2]), charset)
