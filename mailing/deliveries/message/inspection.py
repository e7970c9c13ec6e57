"""The last look at a finished message: its octets, as they would go out.

Everything is read back from the message itself, because a link that the author saw can still be
lost, or broken, on the way through templates, encodings and folding.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from html import unescape
from html.parser import HTMLParser

from mailing.base.operator import Operator
from mailing.deliveries.message.encoded import LONGEST_LINE, LONGEST_WORD
from mailing.deliveries.message.headers import LINE_LIMIT

ONCE = """
    From To Subject Date Message-ID MIME-Version List-Id List-Unsubscribe List-Unsubscribe-Post
    List-Help Feedback-ID Precedence X-Kelisim-Delivery Content-Type
"""
LOOPBACK = r"http://(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?/"
UNSUBSCRIBE = re.compile(rf"<((?:https://|{LOOPBACK})[!-;=?-~]+)>,\s<mailto:[^<>\s]+@[^<>\s]+>")
WORD = re.compile(rb"=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=")
STRAY_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")
LEFT_OVER = re.compile(r"\{\{|\{%|%\}|\{#|kmx[0-9a-f]{10}\d{4}")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a stable id and a sentence."""

    id: str
    detail: str


def inspect(raw: bytes, operator: Operator) -> list[Problem]:
    """Check the final message; an empty list says that nothing was found."""
    head, _, _ = raw.partition(b"\r\n\r\n")
    message = message_from_bytes(raw)
    parts = {part.get_content_subtype(): _decoded(part) for part in message.walk()}
    found = [*_lines(raw), *_words(head), *_fields(message)]
    address = _leave_address(message)
    if address is None:
        found.append(Problem("list_unsubscribe", "List-Unsubscribe is not <https…>, <mailto:…>."))
    for subtype, name in (("plain", "text"), ("html", "HTML")):
        found.extend(_part(name, parts.get(subtype, ""), operator))
        if address and address not in _addresses(subtype, parts.get(subtype, "")):
            found.append(
                Problem(
                    f"leave_link_{name.lower()}", f"The {name} part has no working link to leave."
                )
            )
    return found


def _lines(raw: bytes) -> Iterator[Problem]:
    if STRAY_LINE_END.search(raw) or b"\x00" in raw:
        yield Problem("line_ends", "A CR, LF or NUL stands by itself.")
    if max(map(len, raw.split(b"\r\n"))) > LINE_LIMIT:
        yield Problem("line_length", f"A line is longer than {LINE_LIMIT} octets.")


def _words(head: bytes) -> Iterator[Problem]:
    """RFC 2047 section 2: 75 octets a word, 76 a line with one; never in List-Unsubscribe."""
    for line in head.split(b"\r\n"):
        words = WORD.findall(line)
        if any(len(word) > LONGEST_WORD for word in words) or (words and len(line) > LONGEST_LINE):
            yield Problem("encoded_word", "An encoded word, or its line, is too long.")


def _fields(message: Message) -> Iterator[Problem]:
    for name in ONCE.split():
        count = len(message.get_all(name, []))
        if count != 1:
            yield Problem("header_count", f"{name} stands {count} times instead of once.")
    if message.get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click":
        yield Problem("one_click", "List-Unsubscribe-Post is not List-Unsubscribe=One-Click.")
    subject = str(make_header(decode_header(message.get("Subject", ""))))
    if not subject.strip():
        yield Problem("subject", "The subject is empty.")
    if LEFT_OVER.search(subject):
        yield Problem("left_over", "A merge tag was left in the subject.")


def _part(name: str, text: str, operator: Operator) -> Iterator[Problem]:
    if not text.strip():
        yield Problem("part_missing", f"The {name} part is missing or empty.")
    if LEFT_OVER.search(text):
        yield Problem("left_over", f"A merge tag was left in the {name} part.")
    shown = unescape(text)
    if not all(value.strip() and value in shown for value in _identity(operator)):
        yield Problem("operator", f"The {name} part does not name the operator, BIN and address.")


def _identity(operator: Operator) -> tuple[str, str, str]:
    return operator.name, operator.bin, operator.address


def _leave_address(message: Message) -> str | None:
    found = UNSUBSCRIBE.fullmatch(message.get("List-Unsubscribe", "").replace("\r\n", ""))
    return found[1] if found else None


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _addresses(subtype: str, text: str) -> list[str]:
    """Where a person can go from here: whole lines of the text, links with words in the HTML."""
    if subtype == "plain":
        return text.split()
    reader = _LinkReader()
    reader.feed(text)
    return reader.addresses


class _LinkReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.addresses: list[str] = []
        self.current: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.current = dict(attrs).get("href")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self.current = None

    def handle_data(self, data: str) -> None:
        if self.current and data.strip():
            self.addresses.append(self.current)
