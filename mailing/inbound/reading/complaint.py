"""Complaints: feedback reports (RFC 5965), and what some providers send instead."""

import re
from dataclasses import dataclass
from email.message import Message

from mailing.inbound.reading.addresses import addresses, typed
from mailing.inbound.reading.headers import field
from mailing.inbound.reading.opened import Opened
from mailing.inbound.reading.returned import sent_to

_NAMING = ("original-rcpt-to", "removal-recipient")
_FIELD = re.compile(r"(?im)^[ \t]*([A-Za-z][A-Za-z-]{2,40})[ \t]*:[ \t]*(.*)$")
_SAYS_SO = re.compile(r"^\s*(?:e-?mail\s)?(?:complaint\sabout|abuse\sreport)\b", re.IGNORECASE)


# RFC 5965 7.3 with its registry (RFC 6430, RFC 6591); `opt-out` is of its drafts, and is sent.
TYPES = {"abuse", "fraud", "virus", "other", "not-spam", "auth-failure", "opt-out"}
_OF_DRAFTS = {"opt-out-list": "opt-out"}


@dataclass(frozen=True)
class Complaint:
    """What was complained of: the type in lower case, and whose mailbox it was."""

    type: str
    people: tuple[str, ...]


def type_of(said: str) -> str:
    """One of the registered types; whatever else is said there is `other` (RFC 5965 3.5)."""
    bare = "".join(sign for sign in said.partition("(")[0] if sign.isprintable())
    word = bare.strip(" ;\"'").lower()
    word = _OF_DRAFTS.get(word, word)
    return word if word in TYPES else "other"


def complaint(opened: Opened) -> Complaint | None:
    """The complaint that a message is; None for any other, DMARC's own reports among them."""
    for part in opened.own("message/feedback-report"):
        said = _fields(_as_text(part.message))
        kind = next((value for name, value in said if name == "feedback-type"), "")
        return Complaint(type_of(kind), _people(opened, said))
    returned = next(iter(opened.returned), None)
    if returned is not None and _is_plain_complaint(opened, returned):
        return Complaint("abuse", tuple(sent_to(returned)[:1]))
    return None


def _is_plain_complaint(opened: Opened, returned: Message) -> bool:
    """A provider's report without the report's own part: its subject, and a whole message."""
    has_marks = bool(field(returned, "X-HmXmrOriginalRecipient"))
    return has_marks or bool(_SAYS_SO.search(opened.field("Subject")))


def _people(opened: Opened, said: list[tuple[str, str]]) -> tuple[str, ...]:
    """Where the report names them, which may be several (RFC 5965 3.2); else to whom the returned
    message went."""
    named = [typed(value) for name, value in said if name in _NAMING]
    found = [address for address in named if address]
    returned = next(iter(opened.returned), None)
    kept = found or (sent_to(returned)[:1] if returned is not None else [])
    return tuple(dict.fromkeys(kept)) or tuple(addresses(opened.field("X-Original-To")))[:1]


def _fields(text: str) -> list[tuple[str, str]]:
    return [(name.lower(), value.strip()) for name, value in _FIELD.findall(text[:20_000])]


def _as_text(message: Message) -> str:
    """The part's fields, whether the parser took it for a message or for text."""
    payload = message.get_payload()
    if isinstance(payload, str):
        return payload
    inner = [one for one in payload if isinstance(one, Message)]
    return "\n".join(f"{name}: {value}" for one in inner for name, value in one.raw_items())
