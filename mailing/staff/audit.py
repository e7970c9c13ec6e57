"""The audit log: who did what to what, and when. Append-only; it holds no personal data.

A subject is named by kind and number ("campaign 7"), a person by a random id, never by address.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Text, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.clock import now
from mailing.base.database import OPERATIONAL, Table, db
from mailing.staff.staff import Role


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acts: a name that is no address ("staff 3", the system user's), and a role."""

    name: str
    role: Role


class AuditEntry(Table):
    """One act. The database refuses to change or delete it."""

    __tablename__ = "audit_log"

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


def latest(limit: int = 100, before: int | None = None) -> list[AuditEntry]:
    """The newest entries first; `before` is the id that the last page ended with."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return list(db.session.scalars(query))
