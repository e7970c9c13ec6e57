"""The reading of one message. The first that knows it decides, in this order: complaint and
bounce, the way out of one person, automatic reply, the return path, a withdrawal in any place, our
own addresses, the subject, the unquoted body, what was passed on, the name of an attachment;
whatever is left is a person's to read.

Whether it came back to a return path is asked first of all, and each of these steps minds it: what
came back is a bounce by fewer words, and asks for nothing by words that may be our own.
"""

from collections.abc import Sequence
from dataclasses import replace

from mailing.inbound.reading import machines, persons
from mailing.inbound.reading.addresses import addresses, first
from mailing.inbound.reading.authentication import trust
from mailing.inbound.reading.automatic import is_answerable
from mailing.inbound.reading.headers import fields
from mailing.inbound.reading.language import language_of
from mailing.inbound.reading.limits import TooHostile
from mailing.inbound.reading.opened import Opened, opened
from mailing.inbound.reading.places import Places
from mailing.inbound.reading.quoting import whole_text
from mailing.inbound.reading.storing import storable
from mailing.inbound.reading.tracing import traces
from mailing.inbound.reading.values import Kind, Reading
from mailing.policies.marks import Marks

_BY_MACHINES = {
    *(Kind.BOUNCE_HARD, Kind.BOUNCE_SOFT, Kind.BOUNCE_OTHER),
    *(Kind.COMPLAINT, Kind.AUTO_REPLY, Kind.JUNK),
}


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
    places = Places(message, recipients, marks)
    by_machine = next((found for found in machines.by_machine(places) if found), None)
    known = by_machine or machines.doubted(places, persons.by_person(places))
    is_machines = by_machine is not None and known.kind in _BY_MACHINES
    return replace(
        _said(message, "" if is_machines else places.text),
        kind=known.kind,
        reason=known.reason,
        reports=known.reports,
        feedback_type=known.complaint.type,
        complained_of=known.complaint.people,
        trust=trust(message, authserv_ids),
        is_passed_on=known.is_passed_on,
        is_answerable=known.kind not in _BY_MACHINES and is_answerable(message),
    )


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
        return_path=None if path is None else (first(message.field("Return-Path")) or ""),
        reply_to=first(message.field("Reply-To")),
        subject=subject,
        text=text,
        language=language_of(f"{subject}\n{text}"),
        traces=traces(message, (whole_text(message),), message.returned),
    )
