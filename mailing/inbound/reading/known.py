"""What a step of the reading found out."""

from dataclasses import dataclass, field

from mailing.inbound.reading.complaint import Complaint
from mailing.inbound.reading.values import Kind, Report


@dataclass(frozen=True)
class Known:
    """What a step found out; `is_by_words` where nothing but a person's words say it."""

    kind: Kind
    reason: str
    reports: tuple[Report, ...] = ()
    complaint: Complaint = field(default_factory=lambda: Complaint("", ()))
    is_by_words: bool = False
    is_passed_on: bool = False
