"""The heading: what the header of a message says of where it went, when, and under which name.

Whoever sent it wrote these lines, but for those that the receiving mail system put on top.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parsedate_to_datetime

# Where a mail system writes down whom it delivered to, before what the sender wrote (RFC 5321
# 4.4 leaves that to the system; these are the usual names).
_DELIVERED_TO = ("Delivered-To", "X-Original-To", "Envelope-To")
_WRITTEN_TO = ("To", "Cc")
# A relay may keep a letter for five days (RFC 5321 4.5.4.1), and clocks differ.
YOUNG = timedelta(days=7)
_AHEAD = timedelta(days=1)
_LONGEST = 256 * 1024
_LONGEST_FIELD, _MOST_FIELDS = 64 * 1024, 50
_LONGEST_ADDRESS = 320  # RFC 5321 4.5.3.1: 64 octets, the at sign, 255 octets.
_LONGEST_ID = 250


@dataclass(frozen=True)
class Heading:
    """`author` is the one address of From; `recipients` are the envelope's as the mail system
    noted them, else those of To and Cc; `written` those of To and Cc; `to` those of the one To;
    `message_id` without brackets; `at` its Date, where it can be read."""

    message_id: str | None = None
    author: str | None = None
    recipients: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    at: datetime | None = None

    def is_young(self, received_at: datetime) -> bool:
        """Whether it was written shortly before it came."""
        return self.at is not None and received_at - YOUNG < self.at < received_at + _AHEAD


def of(raw: bytes) -> Heading:
    """Read it once; whatever the octets are, something is told and nothing raised."""
    try:
        return _read(BytesHeaderParser().parsebytes(raw[:_LONGEST]))
    except Exception:  # the standard parser raises what it likes; a message is kept all the same
        return Heading()


def _read(header: Message) -> Heading:
    to = header.get_all("To", [])
    authors = _addresses(header, ("From",))
    written = _addresses(header, _WRITTEN_TO)
    return Heading(
        message_id=str(header.get("Message-ID", "")).strip(" <>\r\n\t")[:_LONGEST_ID] or None,
        author=authors[0] if len(authors) == 1 else None,
        recipients=_addresses(header, _DELIVERED_TO) or written,
        written=written,
        # A second To may have been put above the one that a signature covers (RFC 6376 8.15).
        to=_addresses(header, ("To",)) if len(to) == 1 else (),
        at=_moment(str(header.get("Date", ""))),
    )


def _addresses(header: Message, names: tuple[str, ...]) -> tuple[str, ...]:
    values = [str(value) for name in names for value in header.get_all(name, [])]
    return tuple(address for value in values[:_MOST_FIELDS] for address in _named_in(value))


def _named_in(value: str) -> list[str]:
    """The addresses of one field. Comments may nest so deep that the standard reader gives up:
    such a field names nobody, and the others are read all the same."""
    try:
        found = [address for _, address in getaddresses([value[:_LONGEST_FIELD]])]
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
        return []
    return [a for a in found if a.isprintable() and 0 < len(a) <= _LONGEST_ADDRESS]


def _moment(date: str) -> datetime | None:
    try:
        read = parsedate_to_datetime(date)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
