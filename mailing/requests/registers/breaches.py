"""The incident register as a document, and its numbers for the year report."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mailing.base.settings import current
from mailing.requests import incidents
from mailing.requests.incidents import Incident


def register() -> list[dict[str, Any]]:
    """Every incident with its lines, the newest first."""
    return [told(one) for one in incidents.everything()]


def told(incident: Incident) -> dict[str, Any]:
    """One incident whole."""
    return {
        "number": incident.number,
        "title": incident.title,
        "nature": incident.nature,
        "people": incident.people,
        "detected_at": incident.detected_at,
        "opened_at": incident.opened_at,
        "due_at": incident.due_at,
        "state": incident.state,
        "reported_at": incident.reported_at,
        "exempt_at": incident.exempt_at,
        "closed_at": incident.closed_at,
        "overdue": incident.is_overdue,
        "late": incident.was_late,
        "lines": [
            {"at": line.at, "what": line.what, "by": line.actor, "words": line.words}
            for line in incidents.lines_of(incident.id)
        ],
    }


def of_year(year: int) -> dict[str, int]:
    """How many were noticed in a year; told in time, told late, need not be told, and not told."""
    zone = ZoneInfo(current().time_zone)
    own = [one for one in incidents.everything() if _year(one.detected_at, zone) == year]
    reported = [one for one in own if one.reported_at is not None]
    return {
        "noticed": len(own),
        "reported_in_time": sum(not one.was_late for one in reported),
        "reported_late": sum(one.was_late for one in reported),
        "exempt": sum(one.reported_at is None and not one.is_owed for one in own),
        "not_reported": sum(one.is_owed for one in own),
    }


def _year(at: datetime, zone: ZoneInfo) -> int:
    return at.astimezone(zone).year
