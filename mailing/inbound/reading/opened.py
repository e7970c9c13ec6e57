"""A message opened under limits: its fields, its readable parts, what it returns.

Whatever is beyond a limit is not looked at; `is_whole` says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from functools import cached_property
from typing import TypeGuard

from mailing.inbound.reading import markup
from mailing.inbound.reading.charsets import decode
from mailing.inbound.reading.headers import text_of
from mailing.inbound.reading.limits import TooHostile, refuse

LARGEST = 2 * 1024 * 1024
MOST_PARTS = 100
DEEPEST = 12
LONGEST_TEXT = 256 * 1024
_CARRIED = ("message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers")


@dataclass(frozen=True)
class Part:
    """One leaf of the message, `carried` where it belongs to a message inside this one."""

    message: Message
    type: str
    carried: bool

    @property
    def filename(self) -> str:
        """The name that the part was given, decoded."""
        try:
            return text_of(self.message.get_filename() or "")
        except (TypeError, ValueError, LookupError, AttributeError):
            return ""

    @cached_property
    def text(self) -> str:
        """Its content as text."""
        charset = _charset(self.message)
        return decode(_octets(self.message)[:LONGEST_TEXT], charset).replace("\r\n", "\n")


@dataclass(frozen=True)
class Opened:
    """A message and its leaves."""

    message: Message
    parts: tuple[Part, ...]
    is_whole: bool

    def field(self, name: str) -> str:
        """A field of the outermost header; decoded once, however often it is asked for."""
        told, wanted = self._told, name.lower()
        if wanted not in told:
            told[wanted] = text_of(self._header.get(wanted, ""))
        return told[wanted]

    def says(self, *names: str) -> bool:
        """Whether one of these fields is there and not empty."""
        return any(self._header.get(name.lower()) for name in names)

    @cached_property
    def _header(self) -> dict[str, object]:
        """The first of each name, as the parser keeps it."""
        return {name.lower(): value for name, value in reversed([*self.message.raw_items()])}

    @cached_property
    def _told(self) -> dict[str, str]:
        return {}

    @property
    def has_null_path(self) -> bool:
        """Whether it came with the null return path, as reports do (RFC 5321 4.5.5)."""
        path = self.message.get("Return-Path")
        return path is not None and self.field("Return-Path") in ("<>", "")

    def own(self, *types: str) -> Iterator[Part]:
        """The leaves that this message's own author wrote, of these types."""
        return (part for part in self.parts if not part.carried and part.type in types)

    @cached_property
    def plain(self) -> str:
        """The text parts that its author wrote, one below the other."""
        texts = "\n".join(part.text for part in self.own("text/plain") if not part.filename)
        return texts[:LONGEST_TEXT]

    @cached_property
    def page(self) -> str:
        """The HTML parts as text, what they visibly quote left out."""
        return "\n".join(markup.own(part.text) for part in self.own("text/html"))[:LONGEST_TEXT]

    @cached_property
    def returned(self) -> tuple[Message, ...]:
        """The messages, or their headers, that this one carries."""
        carriers = (part for part in self.parts if part.type in _CARRIED and not part.carried)
        return tuple(_inner(part) for part in carriers)


def opened(raw: bytes) -> Opened:
    """Parse; raises TooHostile."""
    cut = raw[:LARGEST]
    refuse(cut)
    try:
        message = message_from_bytes(_without_postmark(cut))
        parts = tuple(_leaves(message, 0, False))
    except RecursionError:
        raise TooHostile("parts inside parts without an end") from None
    return Opened(message, parts, len(raw) <= LARGEST)


def _without_postmark(raw: bytes) -> bytes:
    """Without the blank lines or the mbox line that some tools leave in front."""
    raw = raw.lstrip(b"\r\n")
    return raw.partition(b"\n")[2] if raw.startswith((b">From ", b"From ")) else raw


def _leaves(
    message: Message, depth: int, carried: bool, left: list[int] | None = None
) -> Iterator[Part]:
    left = left if left is not None else [MOST_PARTS]
    if depth > DEEPEST or left[0] <= 0:
        return
    kind = (message.get_content_type().split() or ["text/plain"])[0]
    # A text would be decoded by whatever charset it names; that is `charsets.decode`'s work.
    payload = message.get_payload() if message.is_multipart() else None
    is_carrier = kind in _CARRIED
    is_leaf = not message.is_multipart() or kind.startswith("message/")
    if is_leaf:
        left[0] -= 1
        yield Part(message, kind, carried)
    if isinstance(payload, list) and (not is_leaf or is_carrier):
        for inner in filter(_is_message, payload):
            yield from _leaves(inner, depth + 1, carried or is_carrier, left)


def _is_message(inner: object) -> TypeGuard[Message]:
    return isinstance(inner, Message)


def _inner(part: Part) -> Message:
    payload = part.message.get_payload() if part.message.is_multipart() else None
    if isinstance(payload, list) and payload:
        inner = payload[0]
        return inner if isinstance(inner, Message) else Message()
    return message_from_bytes(_octets(part.message)[:LONGEST_TEXT])


def _charset(message: Message) -> str | None:
    try:
        return message.get_content_charset()
    except (TypeError, ValueError, LookupError, UnicodeError):
        return None


def _octets(message: Message) -> bytes:
    payload = message.get_payload(decode=True)
    if isinstance(payload, bytes):
        return payload
    inner = message.get_payload()
    return inner.encode("utf-8", "surrogateescape") if isinstance(inner, str) else b""
