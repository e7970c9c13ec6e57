"""Choices: what a person set for themselves that is no consent: language, a pause and its end.

The value in force stands on the subscriber's row; here stands who chose it, when, and by which
door, appended and never changed. The ledger holds consent and nothing else.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, select
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, Table, db


class Kind(StrEnum):
    """What can be chosen."""

    LANGUAGE = "language"
    PAUSE = "pause"
    PAUSE_ENDED = "pause_ended"


class Choice(Table):
    """One choice; never changed (a trigger refuses it)."""

    __tablename__ = "choices"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('language', 'pause', 'pause_ended')", name="choice_kind_is_known"
        ),
        Index("choices_of_subscriber", "subscriber_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, info=OPERATIONAL)
    subscriber_id: Mapped[UUID] = mapped_column(ForeignKey("subscribers.id"), info=DEPERSONALISED)
    kind: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    value: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    source: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), info=DEPERSONALISED)


def note(subscriber_id: UUID, kind: Kind, value: str, source: str) -> None:
    """Append a choice: `value` is a language, or the pause's end (RFC 3339)."""
    db.session.add(
        Choice(
            subscriber_id=subscriber_id, kind=kind.value, value=value, source=source, at=clock.now()
        )
    )


def of(subscriber_id: UUID) -> list[Choice]:
    """The choices of one person, oldest first."""
    query = select(Choice).where(Choice.subscriber_id == subscriber_id)
    return list(db.session.scalars(query.order_by(Choice.id)))
