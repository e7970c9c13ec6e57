"""Halts: who paused a campaign, when, and when it was let go on, as the audit log has it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from mailing.base.database import db
from mailing.staff.audit import AuditEntry

PAUSED, RESUMED = "campaign paused", "campaign resumed"


@dataclass(frozen=True)
class Halt:
    """A pause (or the end of one): by whom, and when."""

    actor: str
    at: datetime
    is_pause: bool


def of(campaign_id: int, since: datetime) -> list[Halt]:
    """The pauses of a campaign, and their ends, from a moment on, in order."""
    acts = AuditEntry.action.in_((PAUSED, RESUMED))
    query = select(AuditEntry).where(AuditEntry.subject == subject(campaign_id), acts)
    found = db.session.scalars(query.where(AuditEntry.at >= since).order_by(AuditEntry.id))
    return [Halt(one.actor, one.at, one.action == PAUSED) for one in found]


def last(campaign_ids: Iterable[int]) -> dict[int, Halt]:
    """The newest pause of each of these campaigns."""
    by_subject = {subject(one): one for one in campaign_ids}
    newest = (
        select(func.max(AuditEntry.id))
        .where(AuditEntry.subject.in_(by_subject), AuditEntry.action == PAUSED)
        .group_by(AuditEntry.subject)
    )
    query = select(AuditEntry).where(AuditEntry.id.in_(newest))
    return {
        by_subject[one.subject]: Halt(one.actor, one.at, is_pause=True)
        for one in db.session.scalars(query)
    }


def subject(campaign_id: int) -> str:
    """What the audit log calls a campaign."""
    return f"campaign {campaign_id}"
