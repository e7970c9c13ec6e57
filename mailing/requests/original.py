"""The original of a request: the message as it came, made safe to read. Reading it is an act.

Nothing in a hostile message may raise, take long or reach out: what cannot be read is left out, its
size is capped, and its HTML is shown without scripts, forms, images and addresses to load from.
"""

from dataclasses import dataclass
from datetime import timedelta

import nh3

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Missing
from mailing.inbound import messages
from mailing.inbound.messages import InboundMessage
from mailing.inbound.reading.limits import TooHostile
from mailing.inbound.reading.opened import Opened, Part, opened
from mailing.requests import timeline
from mailing.requests.kinds import Happened
from mailing.requests.requests import Request, find
from mailing.staff import audit
from mailing.staff.audit import Actor

MOST_LETTERS = 200_000
MOST_TAGS = 6000
MOST_NAMES = 20
# For so long a reading that was logged shows the HTML of the message, too.
A_LOOK = timedelta(minutes=15)

_SHOWN = ("From", "To", "Cc", "Date", "Subject")
_CLEANER = nh3.Cleaner(
    tags={
        *("a", "b", "blockquote", "br", "center", "code", "dd", "div", "dl", "dt", "em", "font"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "li", "ol", "p", "pre", "s", "small"),
        *("span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"),
        *("tt", "u", "ul"),
    },
    clean_content_tags={"script", "style", "title", "iframe", "object", "template", "textarea"},
    # An address is shown as its own text: nothing in the message can be followed by a slip.
    attributes={"*": {"dir", "lang", "align"}, "td": {"colspan", "rowspan"}},
)


@dataclass(frozen=True)
class Original:
    """What somebody reads: the fields as written, text, cleaned HTML (or none), attached names."""

    fields: tuple[tuple[str, str], ...]
    text: str
    html: str | None
    attachments: tuple[str, ...]
    is_cut: bool


def read(request_id: int, actor: Actor) -> Original:
    """The original for whoever answers it; who read it, and when, is logged. Raises Missing."""
    request = find(request_id)
    words = request.words
    found = Original((), words, None, (), False) if words else understood(_octets(request))
    timeline.note(request.id, Happened.READ, actor.name)
    audit.record(actor, "message read", f"request {request.number}")
    return found


def html_again(request_id: int, actor: Actor) -> str | None:
    """The HTML of a message that this actor has just read, for a frame of its own; None without
    such a reading in the log, and for a message without HTML."""
    request = find(request_id)
    since = clock.now() - A_LOOK
    looked = [line for line in timeline.of(request.id) if line.what == Happened.READ]
    if not any(line.actor == actor.name and line.at > since for line in looked):
        return None
    return understood(_octets(request)).html


def understood(raw: bytes) -> Original:
    """A message as it can be shown, whatever its octets are. What the reading refuses to parse is
    refused here by the same limits; its source is shown."""
    try:
        return _shown_as(opened(raw))
    except TooHostile:
        return _as_source(raw)
    except Exception:  # The parser of the standard library has raised nearly everything.
        return _as_source(raw)


def _as_source(raw: bytes) -> Original:
    plain = raw[:MOST_LETTERS].decode("utf-8", "replace")
    return Original((), _tidy(plain), None, (), len(raw) > MOST_LETTERS)


def _octets(request: Request) -> bytes:
    message = db.session.get(InboundMessage, request.inbound_id) if request.inbound_id else None
    if message is None or message.sealed is None:
        raise Missing(f"No message is kept with request {request.number}.")
    return messages.octets_of(message)


def _shown_as(message: Opened) -> Original:
    text = "\n\n".join(one.text for one in message.parts if _is(one, "plain"))
    html = "\n".join(one.text for one in message.parts if _is(one, "html"))
    names = [_name(one) for one in message.parts if _is_attached(one)]
    return Original(
        fields=tuple((name, value) for name in _SHOWN if (value := _field(message, name))),
        text=_tidy(text[:MOST_LETTERS]),
        html=_cleaned(html[:MOST_LETTERS]),
        attachments=tuple(names[:MOST_NAMES]),
        is_cut=not message.is_whole or max(len(text), len(html)) > MOST_LETTERS,
    )


def _cleaned(html: str) -> str | None:
    """The HTML without what is not for a reader; none where its elements would take long."""
    if not html.strip() or html.count("<") > MOST_TAGS:
        return None
    return _CLEANER.clean(html)


def _is(part: Part, subtype: str) -> bool:
    is_set_apart = part.message.get_content_disposition() == "attachment"
    return part.type == f"text/{subtype}" and not is_set_apart


def _is_attached(part: Part) -> bool:
    """What is named and not shown. A message inside this one is shown by its own parts."""
    return not (_is(part, "plain") or _is(part, "html") or part.message.is_multipart())


def _field(message: Opened, name: str) -> str:
    return _tidy(message.field(name))[:1000]


def _name(part: Part) -> str:
    return _tidy(part.filename or part.type).replace("\n", " ")[:120]


def _tidy(text: str) -> str:
    """Printable text and line ends; a control character becomes a mark that one can see."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c if c == "\n" or c.isprintable() else _shown(c) for c in lines)


def _shown(character: str) -> str:
    return " " if character in "\t\u00a0\u202f\u2009" else "\ufffd"
