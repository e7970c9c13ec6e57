"""Traces of our own messages inside one that came in. What is found here is not yet verified."""

import re
from collections.abc import Iterable
from email.message import Message

from mailing.inbound.reading.headers import field
from mailing.inbound.reading.opened import Opened
from mailing.inbound.reading.values import Traces

_ID = re.compile(r"<([^<>\s]{3,250})>")
_LINK = re.compile(r"https?://[^\s<>\"')\]]{1,200}/(?:u|preferences)/[A-Za-z0-9_-]{16,400}")
_MAILTO = re.compile(
    r"(?:mailto:)?(unsubscribe[^\s<>@\"']{1,120}@[A-Za-z0-9.-]{3,200})", re.IGNORECASE
)
_OPAQUE = re.compile(r"[A-Za-z0-9._=+-]{1,200}")
_HEADER = re.compile(r"(?m)^[> \t]*X-Kelisim-Delivery:[ \t]*(\S{1,200})")
_MOST, _LONGEST = 50, 300_000


def traces(opened: Opened, texts: Iterable[str], returned: Iterable[Message]) -> Traces:
    """Everything in header, text and returned messages that may lead to a delivery of ours."""
    inner = list(returned)
    ids = [opened.field("In-Reply-To"), opened.field("References")]
    ids += [field(message, name) for message in inner for name in ("Message-ID", "References")]
    shown = [*texts, *(field(message, "List-Unsubscribe") for message in inner)]
    return Traces(
        message_ids=_each(_ID.findall(" ".join(ids))),
        deliveries=_each(_deliveries(inner, shown)),
        leave_links=_each(found for text in shown for found in _links(text)),
    )


def _deliveries(inner: Iterable[Message], texts: Iterable[str]) -> list[str]:
    said = [field(message, "X-Kelisim-Delivery") for message in inner]
    said += [one for text in texts for one in _in_text(text)]
    return [one for one in said if _OPAQUE.fullmatch(one)]


def _in_text(text: str) -> list[str]:
    return _HEADER.findall(text[:_LONGEST]) if "Kelisim" in text else []


def _links(text: str) -> list[str]:
    """The two looks at a text cost more than the two words that they cannot do without."""
    cut = text[:_LONGEST]
    if "://" not in cut and "unsubscribe" not in cut.lower():
        return []
    return [*_LINK.findall(cut), *_MAILTO.findall(cut)]


def _each(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))[:_MOST]
