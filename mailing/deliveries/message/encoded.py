"""RFC 2047 encoded words: whole letters, 75 octets each, 76 a line."""

import re
import unicodedata
from base64 import b64encode
from collections.abc import Iterator

LONGEST_WORD = 75  # RFC 2047 section 2
LONGEST_LINE = 76  # of a line that holds an encoded word
PREFIX, SUFFIX = "=?utf-8?b?", "?="
JOINERS = ("\u200d",)  # what follows belongs to the same letter (emoji families)
PLAIN = re.compile(r"[ -~]*")


def is_plain(text: str) -> bool:
    """Tell text that a header may carry as it is: printable ASCII, no look of an encoded word."""
    return bool(PLAIN.fullmatch(text)) and "=?" not in text and text == text.strip()


def encode_words(text: str, column: int) -> str:
    """Encode; lines after the first begin with a space. `column`: what the first line holds.

    No letter is split, nor a base from the marks that combine with it, unless the cluster alone
    is too large for a word. The words decode to `text` exactly (RFC 2047 sections 2, 5, 6.2).
    """
    room = _octets(LONGEST_LINE - column)
    words: list[str] = []
    taken = b""
    for cluster in clusters(text):
        for part in _fitting(cluster, room):
            if taken and len(taken) + len(part) > room:
                words.append(_word(taken))
                taken, room = b"", _octets(LONGEST_LINE - 1)
            taken += part
    return "\r\n ".join([*words, _word(taken)]) if taken else ""


def clusters(text: str) -> Iterator[str]:
    """Split into letters, each with its combining marks."""
    start = 0
    for index in range(1, len(text)):
        is_mark = unicodedata.category(text[index]).startswith("M") or text[index] in JOINERS
        if not (is_mark or text[index - 1] in JOINERS):
            yield text[start:index]
            start = index
    if text:
        yield text[start:]


def _fitting(cluster: str, room: int) -> Iterator[bytes]:
    octets = cluster.encode()
    if len(octets) <= room:
        yield octets
    else:
        yield from (letter.encode() for letter in cluster)


def _octets(room: int) -> int:
    """How many octets of text fit into one encoded word of at most `room` columns."""
    payload = min(room, LONGEST_WORD) - len(PREFIX) - len(SUFFIX)
    return payload // 4 * 3


def _word(octets: bytes) -> str:
    return PREFIX + b64encode(octets).decode("ascii") + SUFFIX
