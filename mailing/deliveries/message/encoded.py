"""RFC 2047 encoded words: whole letters, 75 octets each, 76 a line."""

import re
import unicodedata
from base64 import b64encode

LONGEST_WORD = 75  # RFC 2047 section 2
LONGEST_LINE = 76  # of a line that holds an encoded word
PREFIX, SUFFIX = "=?utf-8?b?", "?="
JOINERS = frozenset("\u200d")  # what follows belongs to the same letter (emoji families)
PLAIN = re.compile(r"[ -~]*")


def is_plain(text: str) -> bool:
    """Tell text that a header may carry as it is: printable ASCII, no look of an encoded word."""
    return bool(PLAIN.fullmatch(text)) and "=?" not in text and text == text.strip()


def encode_words(text: str, column: int) -> str:
    """Encode; lines after the first begin with a space. `column`: what the first line holds.

    No letter is split, nor a base from the marks that combine with it, unless the cluster alone
    is too large for a word. The words decode to `text` exactly (RFC 2047 sections 2, 5, 6.2).
    """
    octets, words, at = text.encode(), [], 0
    room = _octets(LONGEST_LINE - column)
    while at < len(octets):
        end = _end_of_word(octets, at, room)
        words.append(_word(octets[at:end]))
        at, room = end, _octets(LONGEST_LINE - 1)
    return "\r\n ".join(words)


def _end_of_word(octets: bytes, at: int, room: int) -> int:
    """Where a word that begins at `at` ends: before a letter, and if it can be, a whole one."""
    if at + room >= len(octets):
        return len(octets)
    letter = cluster = _start_of_letter(octets, at + room)
    while cluster > at and _is_joined(octets, cluster):
        cluster = _start_of_letter(octets, cluster - 1)
    return cluster if cluster > at else letter


def _start_of_letter(octets: bytes, at: int) -> int:
    """The first octet of the letter of UTF-8 that this octet belongs to (RFC 3629 section 3)."""
    while octets[at] & 0xC0 == 0x80:
        at -= 1
    return at


def _is_joined(octets: bytes, at: int) -> bool:
    """Whether the letter here belongs to the one before it."""
    letter = octets[at : at + 4].decode(errors="ignore")[0]
    before = octets[_start_of_letter(octets, at - 1) : at].decode()
    return unicodedata.category(letter).startswith("M") or bool({letter, before} & JOINERS)


def _octets(room: int) -> int:
    """How many octets of text fit into one encoded word of at most `room` columns."""
    payload = min(room, LONGEST_WORD) - len(PREFIX) - len(SUFFIX)
    return payload // 4 * 3


def _word(octets: bytes) -> str:
    return PREFIX + b64encode(octets).decode("ascii") + SUFFIX
