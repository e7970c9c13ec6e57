"""The reading of one message. The first that knows it decides, in this order: complaint and
bounce, automatic reply, our own addresses, the subject, the unquoted body, what was passed on,
the name of an attachment; whatever is left is a person's to read.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from mailing.inbound.reading import blame, notification
from mailing.inbound.reading.addresses import addresses, first
from mailing.inbound.reading.authentication import trust
from mailing.inbound.reading.automatic import (
    is_answerable,
    is_automatic,
    is_prefixed,
    says_so_in_its_header,
)
from mailing.inbound.reading.bounce import bounce
from mailing.inbound.reading.complaint import Complaint, complaint
from mailing.inbound.reading.headers import as_folded, fields
from mailing.inbound.reading.headers import field as field_of
from mailing.inbound.reading.language import language_of
from mailing.inbound.reading.limits import TooHostile
from mailing.inbound.reading.marks import kind_in, kind_of, strongest
from mailing.inbound.reading.opened import Opened, opened
from mailing.inbound.reading.quoting import forwarded, own_text, whole_text
from mailing.inbound.reading.storing import storable
from mailing.inbound.reading.tracing import traces
from mailing.inbound.reading.values import Kind, Reading, Report
from mailing.policies.marks import Marks

_ASKS = re.compile(
    r"\?|؟|\b(?:what|which|how|why|when|where|who|please\s(?:tell|explain|clarify|send\sme)|какие|какой|какая|каким|как|почему|зачем|откуда|когда|кто|кому|сообщите|разъясн|поясн|предостав|"
    r"қандай|қалай|неге|не\sүшін|қашан|қайдан|кім|түсіндір|хабарла)",
    re.IGNORECASE,
)
_MOST_NAMES, _LONGEST_NAME = 20, 255
_OUR_OWN = ("X-Kelisim-Delivery", "List-Unsubscribe")


@dataclass(frozen=True)
class _Known:
    """What a step found out."""

    kind: Kind
    reason: str
    reports: tuple[Report, ...] = ()
    complaint: Complaint = field(default_factory=lambda: Complaint("", ()))


def read(
    raw: bytes,
    recipients: Sequence[str] = (),
    *,
    authserv_ids: Sequence[str] = (),
    marks: Marks | None = None,
) -> Reading:
    """What a message says. `recipients` are the envelope's; never raises, whatever the octets are.

    `authserv_ids` name the servers whose `Authentication-Results` are believed (RFC 8601 2.2).
    """
    try:
        return storable(_read(opened(raw), recipients, authserv_ids, marks or Marks()))
    except TooHostile as error:
        return Reading(Kind.UNCLEAR, f"not opened: {error}", is_answerable=False)
    except Exception as error:  # the standard parser raises what it likes; nothing is lost by it
        return Reading(Kind.UNCLEAR, f"not readable: {type(error).__name__}", is_answerable=False)


def _read(
    message: Opened, recipients: Sequence[str], authserv_ids: Sequence[str], marks: Marks
) -> Reading:
    known = next((found for found in _by_machine(message, marks) if found), None)
    text = "" if known else own_text(message)
    known = known or _by_a_person(message, recipients, text, marks)
    return replace(
        _said(message, text),
        kind=known.kind,
        reason=known.reason,
        reports=known.reports,
        feedback_type=known.complaint.type,
        complained_of=known.complaint.people,
        trust=trust(message, authserv_ids),
        is_answerable=known.kind not in _BY_MACHINES and is_answerable(message),
    )


_BY_MACHINES = {
    *(Kind.BOUNCE_HARD, Kind.BOUNCE_SOFT, Kind.BOUNCE_OTHER),
    *(Kind.COMPLAINT, Kind.AUTO_REPLY, Kind.JUNK),
}


def _said(message: Opened, text: str) -> Reading:
    """What is the same for every kind."""
    senders = addresses(message.field("From"))
    path = message.message.get("Return-Path")
    subject = message.field("Subject")
    return Reading(
        kind=Kind.UNCLEAR,
        reason="",
        message_id=message.field("Message-ID").strip(" <>") or None,
        sender=senders[0]
        if len(senders) == 1 and len(fields(message.message, "From")) == 1
        else None,
        return_path=None if path is None else (first(path) or ""),
        reply_to=first(message.field("Reply-To")),
        subject=subject,
        text=text,
        language=language_of(f"{subject}\n{text}"),
        traces=traces(message, (whole_text(message),), message.returned),
    )


def _by_machine(message: Opened, marks: Marks) -> Iterator[_Known | None]:
    yield _complaint(message)
    yield _notified(message)
    yield _bounce(message)
    yield _automatic(message, marks)


def _by_a_person(message: Opened, recipients: Sequence[str], text: str, marks: Marks) -> _Known:
    steps = _steps(message, recipients, text, marks)
    return next((found for found in steps if found), None) or _left(message, text)


def _steps(
    message: Opened, recipients: Sequence[str], text: str, marks: Marks
) -> Iterator[_Known | None]:
    """A withdrawal asks for the most: neither an address nor another mark takes it back."""
    said = (("the subject", _of_subject(message, marks)), ("the text", kind_in(text, marks)))
    yield from (_marked(where, kind) for where, kind in said if kind is Kind.WITHDRAWAL)
    yield _addressed(recipients)
    yield from (_marked(where, kind) for where, kind in said)
    if is_prefixed(message):
        yield _Known(Kind.AUTO_REPLY, "written by a machine")
    yield _passed_on(message, marks)
    yield _attached(message, marks)


def _complaint(message: Opened) -> _Known | None:
    found = complaint(message)
    if found is None:
        return None
    return _Known(Kind.COMPLAINT, f"a report of type {found.type}", complaint=found)


def _notified(message: Opened) -> _Known | None:
    event = notification.notification(message)
    word = notification.kind_of(event)
    if word == "complaint":
        people = tuple(notification.complainers(event))
        told = Complaint(notification.feedback_type(event), people)
        return _Known(Kind.COMPLAINT, "a sending service's own report", complaint=told)
    found = notification.reports(event) if word in ("bounce", "delivery") else []
    return _reported(found) if found else None


def _bounce(message: Opened) -> _Known | None:
    found = bounce(message)
    return None if found is None else _reported(found)


def _reported(found: Sequence[Report]) -> _Known:
    judged = tuple(blame.judged(report) for report in found)
    return _Known(blame.worst(judged), _why(judged), judged)


def _why(reports: Sequence[Report]) -> str:
    if not reports:
        return "a bounce that names no recipient"
    one = reports[0]
    words = " ".join(one.diagnostic.split())[:200]
    return ": ".join(filter(None, [f"{one.action} {one.status}".strip(), words]))


def _automatic(message: Opened, marks: Marks) -> _Known | None:
    """A subject alone may be a person's own, so it does not outweigh the mark beside it."""
    if says_so_in_its_header(message):
        return _Known(Kind.AUTO_REPLY, "written by a machine")
    if not is_automatic(message):
        return None
    if _of_subject(message, marks) is Kind.WITHDRAWAL:
        return _Known(Kind.UNCLEAR, "the mark in the subject of what may be an automatic reply")
    return _Known(Kind.AUTO_REPLY, "written by a machine")


def _addressed(recipients: Sequence[str]) -> _Known | None:
    """By the mailbox that it was sent to: `unsubscribe+…@`, `join@`, `join+…@`."""
    boxes = {address.rpartition("@")[0].partition("+")[0].lower() for address in recipients}
    for box, kind in (("unsubscribe", Kind.UNSUBSCRIBE), ("join", Kind.JOIN)):
        if box in boxes:
            return _Known(kind, f"sent to the {box} address")
    return None


def _of_subject(message: Opened, marks: Marks) -> Kind | None:
    return kind_of(as_folded(message.message, "Subject"), marks)


def _marked(where: str, kind: Kind | None) -> _Known | None:
    return _Known(kind, f"the mark in {where}") if kind else None


def _passed_on(message: Opened, marks: Marks) -> _Known | None:
    """A message inside this one, unless it is one of a mailing: that only quotes the mark."""
    kinds = [kind_of(forwarded(whole_text(message)), marks)]
    for inner in message.returned:
        if not any(inner.get(name) for name in _OUR_OWN):
            kinds += [
                kind_of(field_of(inner, "Subject"), marks),
                kind_in(own_text(opened(inner.as_bytes())), marks),
            ]
    return _marked("a message that was passed on", strongest(kinds))


def _attached(message: Opened, marks: Marks) -> _Known | None:
    given = [part.filename[:_LONGEST_NAME] for part in message.parts[:_MOST_NAMES]]
    names = [re.sub(r"\.\w{1,5}$", "", name).replace("_", " ") for name in given]
    return _marked(
        "an attachment's name", strongest([kind_of(name, marks) for name in names if name])
    )


def _left(message: Opened, text: str) -> _Known:
    if message.field("X-Spam-Flag").lower() == "yes" or message.field(
        "X-Spam-Status"
    ).lower().startswith("yes"):
        return _Known(Kind.JUNK, "marked as spam by the receiving server")
    if message.says("List-Unsubscribe", "List-Id"):
        return _Known(Kind.JUNK, "a mailing of somebody else")
    if _ASKS.search(f"{message.field('Subject')}\n{text}"):
        return _Known(Kind.QUESTION, "a person asks something")
    return _Known(Kind.UNCLEAR, "no mark, and no question")
