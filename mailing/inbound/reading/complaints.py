"""Complaints: feedback reports (RFC 5965), and the forms that came before them."""

import re
from dataclasses import dataclass

from mailing.inbound.reading import fields
from mailing.inbound.reading.bounces import returned
from mailing.inbound.reading.parts import Part

_OLD_SUBJECT = re.compile(r"(?i)^complaint about message from\b")
_AGGREGATE = re.compile(r"(?i)\breport domain:|^\[?dmarc\]? (?:aggregate )?report")
_RECIPIENTS = ("original-rcpt-to", "removal-recipient", "redacted-address")


@dataclass(frozen=True)
class Complaint:
    """What is complained of, and whose mailbox it was, where that is said."""

    feedback_type: str
    recipients: tuple[str, ...]


def complaint_of(message: Part) -> Complaint | None:
    """The complaint that a message is, if it is one."""
    report = next((p for p in message.walk() if p.type == "message/feedback-report"), None)
    if report is None:
        return _in_another_form(message)
    told = fields.parse(report.octets.strip()[: fields.MOST_OCTETS])
    named = fields.first(told, "feedback-type").lower().strip() or "other"
    stated = [one for name in _RECIPIENTS for value in fields.every(told, name) for one in _of(value)]
    return Complaint(named, tuple(dict.fromkeys(stated)) or _written_to(message))


def is_aggregate(subject: str, message: Part) -> bool:
    """Whether it is a DMARC aggregate report, which complains of nobody."""
    if not _AGGREGATE.search(subject):
        return False
    endings = (".xml", ".xml.gz", ".zip", ".gz")
    return any(part.filename.lower().endswith(endings) for part in message.walk())


def _in_another_form(message: Part) -> Complaint | None:
    """A report without the part for it: the older form of Microsoft's, or one broken on its way."""
    subject = fields.first(message.fields, "subject")
    named = message.parameters.get("report-type", "").lower() == "feedback-report"
    if not named and not _OLD_SUBJECT.match(subject):
        return None
    for part in message.walk():
        if part.type == "text/plain" and "Feedback-Type:" in part.text[:4000]:
            told = fields.parse(part.octets.strip()[:4000])
            stated = [one for name in _RECIPIENTS for value in fields.every(told, name) for one in _of(value)]
            kind = fields.first(told, "feedback-type").lower() or "abuse"
            return Complaint(kind, tuple(dict.fromkeys(stated)) or _written_to(message))
    return Complaint("abuse", _written_to(message))


def _written_to(message: Part) -> tuple[str, ...]:
    """To whom the message complained of was written; a mailbox that is withheld is not told."""
    header = returned(message)
    for name in ("x-hmxmroriginalrecipient", "x-original-to", "delivered-to", "to"):
        found = [one for value in fields.every(header, name) for one in _of(value)]
        if found:
            return tuple(dict.fromkeys(found))
    return ()


def _of(value: str) -> list[str]:
    return fields.addresses(value.partition(";")[2] if value.lower().startswith("rfc822;") else value)
