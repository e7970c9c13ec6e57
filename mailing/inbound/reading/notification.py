"""What a sending service reports as JSON instead of a report (Amazon SES over SNS)."""

import json
from collections.abc import Iterable
from typing import Any

from mailing.inbound.reading.addresses import first
from mailing.inbound.reading.blame import code_in
from mailing.inbound.reading.complaint import type_of
from mailing.inbound.reading.limits import TooHostile
from mailing.inbound.reading.opened import Opened
from mailing.inbound.reading.report import MOST_REPORTS, TOO_MANY
from mailing.inbound.reading.values import Action, Report

_LONGEST = 128 * 1024
_ENDED = {"Permanent": "5", "Transient": "4"}


def notification(opened: Opened) -> dict[str, Any]:
    """The event that a message carries; empty for any other message."""
    text = next((part.text for part in opened.own("text/plain")), "").strip()
    if not text.startswith("{") or len(text) > _LONGEST:
        return {}
    event = _object(text[: text.rfind("}") + 1])
    inner = event.get("Message")
    event = _object(inner) if isinstance(inner, str) else event
    return event if isinstance(event.get("mail"), dict) and kind_of(event) else {}


def kind_of(event: dict[str, Any]) -> str:
    """`bounce`, `complaint`, `delivery` or another word of the service; empty for none."""
    return str(event.get("notificationType") or event.get("eventType") or "").lower()


def reports(event: dict[str, Any]) -> list[Report]:
    """One report a recipient of a bounce or a delivery."""
    bounce = event.get("bounce")
    if isinstance(bounce, dict):
        made = (_report(one, bounce) for one in _objects(bounce.get("bouncedRecipients")))
        return [report for report in made if report.address]
    return [Report(address, Action.DELIVERED) for address in _delivered(event)]


def complainers(event: dict[str, Any]) -> list[str]:
    """Whose mailbox a complaint came from."""
    complaint = event.get("complaint")
    found = _objects(complaint.get("complainedRecipients")) if isinstance(complaint, dict) else []
    return _addresses(one.get("emailAddress") for one in found)


def feedback_type(event: dict[str, Any]) -> str:
    """As the mailbox provider said it, where it did."""
    complaint = event.get("complaint")
    said = complaint.get("complaintFeedbackType") if isinstance(complaint, dict) else None
    return type_of(str(said)) if said else "abuse"


def _report(one: dict[str, Any], bounce: dict[str, Any]) -> Report:
    ended = _ENDED.get(str(bounce.get("bounceType")), "")
    action = str(one.get("action", "failed")).lower()
    return Report(
        address=first(str(one.get("emailAddress", "")).strip()) or "",
        action=Action.DELAYED if action == "delayed" else Action.FAILED,
        status=code_in(str(one.get("status") or "")) or (f"{ended}.0.0" if ended else ""),
        diagnostic=str(one.get("diagnosticCode") or bounce.get("bounceSubType") or "")[:2000],
    )


def _delivered(event: dict[str, Any]) -> list[str]:
    said = event.get("delivery")
    found = said.get("recipients") if isinstance(said, dict) else None
    return _addresses(found) if isinstance(found, list) else []


def _addresses(said: Iterable[object]) -> list[str]:
    return [address for one in said if (address := first(str(one)))]


def _objects(value: object) -> list[dict[str, Any]]:
    found = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    if len(found) > MOST_REPORTS:
        raise TooHostile(TOO_MANY)
    return found


def _object(text: str) -> dict[str, Any]:
    for spelled in (text, text.replace("\n", "")):
        try:
            read = json.loads(spelled, strict=False)
        except (ValueError, RecursionError):
            continue
        return read if isinstance(read, dict) else {}
    return {}
