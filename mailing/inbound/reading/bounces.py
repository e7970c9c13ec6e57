"""Bounces: reports in the form of RFC 3464, and those of the many systems that have their own."""

import re
from collections.abc import Iterable

from mailing.inbound.reading import dialects, fields
from mailing.inbound.reading.diagnosis import code_of, judge
from mailing.inbound.reading.fields import Fields
from mailing.inbound.reading.parts import Part
from mailing.inbound.reading.texts import shown
from mailing.inbound.reading.values import Action, Kind, Report

_TYPED = re.compile(r"^\s*(?:rfc-?822|utf-8|smtp|x-\w+|unknown|dns|local)\s*;\s*", re.IGNORECASE)
_BLOCKS = re.compile(rb"\r?\n[ \t]*\r?\n")
_MOST = 500


def reports_of(message: Part) -> tuple[Report, ...]:
    """One report a recipient, from the status parts of a message (RFC 3464 2.3); none without."""
    status = [part for part in message.walk() if "delivery-status" in part.type]
    failed = fields.addresses(fields.first(message.fields, "x-failed-recipients"))
    text = shown(message) if status else ""
    found = [
        report
        for part in status
        for block in _BLOCKS.split(part.octets.strip())[:_MOST]
        if (report := _report(fields.parse(block), failed, text))
    ]
    return once(found)


def once(reports: Iterable[Report]) -> tuple[Report, ...]:
    """Each address once, the first that was said of it; what is most often said twice is a copy."""
    kept: dict[str, Report] = {}
    for report in reports:
        kept.setdefault(report.address.lower(), report)
    return tuple(kept.values())


def kind_of(reports: tuple[Report, ...]) -> Kind:
    """What a bounce is as a whole: hard only where every address that failed is."""
    kinds = {report.kind for report in reports if report.action in (Action.FAILED, Action.DELAYED)}
    for kind in (Kind.BOUNCE_SOFT, Kind.BOUNCE_OTHER):
        if kind in kinds:
            return kind
    return Kind.BOUNCE_HARD


def has_failed(reports: tuple[Report, ...]) -> bool:
    """Whether anything in it failed or waits; the rest are receipts."""
    return any(report.action in (Action.FAILED, Action.DELAYED) for report in reports)


def returned(message: Part) -> Fields:
    """The header of the message that was returned; empty where none was."""
    for part in message.walk():
        if part.type in ("message/rfc822", "message/global") and part.inner:
            return part.inner[0].fields
        if part.type.startswith(("text/rfc822-header", "message/rfc822-header")):
            return fields.parse(part.octets.lstrip()[: fields.MOST_OCTETS])
    return fields.parse(dialects.returned_header(shown(message)).encode("utf-8", "replace"))


def _report(block: Fields, failed: list[str], text: str) -> Report | None:
    address = _recipient(block) or _failed_one(block, failed)
    if not address:
        return None
    action = _action(fields.first(block, "action"))
    diagnostic = " ".join(fields.every(block, "diagnostic-code"))[:2000]
    if not _says_something(diagnostic):
        diagnostic = " ".join([diagnostic, dialects.said_of(text, address)]).strip()
    status = code_of(fields.first(block, "status"), diagnostic)
    return Report(address, action, status, diagnostic[:2000], judge(action, status, diagnostic))


def _recipient(block: Fields) -> str:
    """The address as we wrote to it, where that is stated (RFC 3464 2.3.1), else the final one."""
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        if found := fields.addresses(_untyped(fields.first(block, name))):
            if not re.search(r"[|/]", _untyped(fields.first(block, name)).partition("@")[0]):
                return found[0].strip("'")
    return ""


def _failed_one(block: Fields, failed: list[str]) -> str:
    is_recipient = "final-recipient" in block or "original-recipient" in block
    return failed[0] if is_recipient and failed else ""


def _untyped(value: str) -> str:
    return _TYPED.sub("", value)


def _action(value: str) -> Action:
    word = re.match(r"[a-z]*", value.strip().lower())
    named = word[0] if word else ""
    return Action(named) if named in set(Action) else Action.FAILED


def _says_something(diagnostic: str) -> bool:
    return len(_untyped(diagnostic).strip()) > 3
