"""The audit log: who did what to what, and when. Append-only; it holds no personal data.

A subject is named by kind and number ("campaign 7"), a person by a random id, never by address.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, DateTime, Index, Select, Text, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.clock import now
from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.sealing import digest
from mailing.base.settings import current
from mailing.staff.staff import Role

MOST_EXPORTED = 100_000


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acts: a name that is no address ("staff 3", the system user's), and a role."""

    name: str
    role: Role


class AuditEntry(Table):
    """One act. The database refuses to change or delete it."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("audit_by_time", "at"),
        Index("audit_by_actor", "actor", "id"),
        Index("audit_by_action", "action", "id"),
        Index("audit_by_subject", "subject", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, info=OPERATIONAL)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), info=OPERATIONAL)
    actor: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    role: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    action: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    subject: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    details: Mapped[dict[str, Any]] = mapped_column(
        JSONB, default=dict, server_default="{}", info=OPERATIONAL
    )


def record(actor: Actor, action: str, subject: str, **details: Any) -> AuditEntry:
    """Add one act to the log, in the transaction of the act itself."""
    entry = AuditEntry(
        at=now(),
        actor=actor.name,
        role=actor.role.value,
        action=action,
        subject=subject,
        details=details,
    )
    db.session.add(entry)
    return entry


def record_change(
    actor: Actor, action: str, subject: str, *, change: tuple[Any, Any], **details: Any
) -> AuditEntry:
    """Add a change: what was and what is, as digests under a key. Whoever holds one of the two can
    prove that it was this; nobody reads it out of the log. `details` may be read by all."""
    before, after = map(mark_of, change)
    return record(actor, action, subject, before=before, after=after, **details)


def mark_of(value: Any) -> str:
    """The digest by which the log names a value: 16 hexadecimal digits."""
    plain = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return digest(current().suppression_key, f"audit\0{plain}").hex()[:16]


def record_of_subscriber(action: str, subscriber_id: UUID, **details: Any) -> AuditEntry:
    """Add what a person did with their own data."""
    entry = AuditEntry(
        at=now(),
        actor="subscriber",
        role="subscriber",
        action=action,
        subject=f"subscriber {subscriber_id}",
        details=details,
    )
    db.session.add(entry)
    return entry


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; what is empty asks for nothing. `action` and `subject` are beginnings,
    days are those of the operator's zone, the last one included."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    since: date | None = None
    until: date | None = None

    def as_details(self) -> dict[str, str]:
        """What was asked for, as the log keeps it."""
        asked = {name: getattr(self, name) for name in self.__slots__}
        return {name: str(value) for name, value in asked.items() if value}


def latest(
    limit: int = 100, before: int | None = None, search: Search | None = None
) -> list[AuditEntry]:
    """The newest entries first; `before` is the id that the last page ended with."""
    query = _matching(search or Search()).order_by(AuditEntry.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return list(db.session.scalars(query))


def export(search: Search, by: Actor) -> list[AuditEntry]:
    """Everything that matches, the newest first; the export is an act and stands in the log."""
    found = latest(MOST_EXPORTED, search=search)
    asked = {f"by_{name}": value for name, value in search.as_details().items()}
    record(by, "audit log exported", "audit log", rows=len(found), **asked)
    return found


def actions() -> list[str]:
    """Every act that the log knows, by name."""
    return list(db.session.scalars(select(AuditEntry.action).distinct().order_by("action")))


def _matching(search: Search) -> Select[AuditEntry]:
    query = select(AuditEntry)
    if search.actor:
        query = query.where(AuditEntry.actor == search.actor)
    for column in ("action", "subject"):
        if begins := getattr(search, column):
            query = query.where(getattr(AuditEntry, column).startswith(begins, autoescape=True))
    if search.since:
        query = query.where(AuditEntry.at >= _midnight(search.since))
    if search.until:
        query = query.where(AuditEntry.at < _midnight(search.until + timedelta(days=1)))
    return query


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(current().time_zone))
