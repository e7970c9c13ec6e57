"""Corrections: what somebody put right in their own data, append-only.

A correction is no consent, so it is no entry of the ledger. What stood there and what stands
there now is sealed as the private part of its evidence, and destroyed with the person.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, Text, select
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, Table, db
from mailing.people import evidence


class Correction(Table):
    """One change of one or several fields. The database refuses to change or delete it."""

    __tablename__ = "corrections"
    __table_args__ = (Index("corrections_of_subscriber", "subscriber_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, info=OPERATIONAL)
    subscriber_id: Mapped[UUID] = mapped_column(ForeignKey("subscribers.id"), info=DEPERSONALISED)
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text), info=DEPERSONALISED)
    policy_id: Mapped[int] = mapped_column(ForeignKey("policy_versions.id"), info=DEPERSONALISED)
    source: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    evidence_hash: Mapped[bytes] = mapped_column(
        LargeBinary, ForeignKey("evidence.hash"), info=DEPERSONALISED
    )
    at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), info=DEPERSONALISED)


@dataclass(frozen=True)
class NewCorrection:
    """What is about to be put right: the fields before and after, by name."""

    subscriber_id: UUID
    policy_id: int
    source: str
    before: dict[str, str]
    after: dict[str, str]
    evidence: dict[str, Any]


def append(new: NewCorrection) -> Correction:
    """Append one correction."""
    private = {"before": new.before, "after": new.after}
    sealed = evidence.seal_private(new.subscriber_id, private)
    body = new.evidence | {"fields": sorted(new.after), "private": sealed}
    correction = Correction(
        subscriber_id=new.subscriber_id,
        fields=sorted(new.after),
        policy_id=new.policy_id,
        source=new.source,
        evidence_hash=evidence.keep([body])[0],
        at=clock.now(),
    )
    db.session.add(correction)
    db.session.flush()
    return correction


def of(subscriber_id: UUID) -> list[Correction]:
    """What somebody put right, oldest first."""
    query = select(Correction).where(Correction.subscriber_id == subscriber_id)
    return list(db.session.scalars(query.order_by(Correction.id)))


def forget(subscriber_id: UUID) -> None:
    """Destroy what stood in the corrections of somebody; that there were some stays."""
    evidence.forget_private([one.evidence_hash for one in of(subscriber_id)])
