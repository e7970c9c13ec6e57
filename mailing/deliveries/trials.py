"""Test mails: a draft as some staff see it in a mailbox before it goes out.

A delivery of a kind of its own, so that no report counts it; the gate asks about the address that
it goes to and never about an audience. What it says is fixed when it is sent. Its links belong to
nobody, and the pages behind them say so.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, func, select
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, PERSONAL, Table, db
from mailing.campaigns.content import Content
from mailing.deliveries.deliveries import Delivery, State
from mailing.people.subscribers import Sealer
from mailing.staff.audit import Actor

At = TIMESTAMP(timezone=True)

MOST_A_DAY = 50
A_DAY = timedelta(days=1)
MARK = "[Test] "


class Trial(Table):
    """One test mail, by the delivery that carries it; `recipient` is sealed to its subscriber."""

    __tablename__ = "trials"
    __table_args__ = (
        Index("trials_of_campaign", "campaign_id", "sent_at"),
        Index("trials_by_sender", "sent_by", "sent_at"),
        Index("trials_to_address", "digest"),
    )

    delivery_id: Mapped[UUID] = mapped_column(primary_key=True, info=OPERATIONAL)
    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), info=OPERATIONAL
    )
    content: Mapped[dict[str, Any]] = mapped_column(JSONB, info=OPERATIONAL)
    sample: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    language: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    recipient: Mapped[bytes] = mapped_column(LargeBinary, info=PERSONAL)
    digest: Mapped[bytes] = mapped_column(LargeBinary, info=DEPERSONALISED)
    sent_by: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    sent_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)

    @property
    def said(self) -> Content:
        """What it says, marked as a test."""
        kept = Content(**self.content)
        return replace(kept, subject=MARK + kept.subject)


@dataclass(frozen=True)
class Tried:
    """A test mail with what became of it; `address` as it was typed."""

    address: str
    language: str
    state: str
    reason: str | None
    sent_by: str
    sent_at: datetime


def of(campaign_id: int, most: int = 20) -> list[Tried]:
    """The last test mails of a campaign, the newest first."""
    query = select(Trial, Delivery).join(Delivery, Delivery.id == Trial.delivery_id)
    about = query.where(Trial.campaign_id == campaign_id).order_by(Trial.sent_at.desc())
    return [_tried(trial, sent) for trial, sent in db.session.execute(about.limit(most))]


def find(delivery_id: UUID) -> Trial | None:
    """The test mail that a delivery carries."""
    return db.session.get(Trial, delivery_id)


def has_arrived() -> bool:
    """Whether a relay has ever accepted a test mail."""
    query = select(Trial.delivery_id).join(Delivery, Delivery.id == Trial.delivery_id)
    return db.session.scalar(query.where(Delivery.state == State.ACCEPTED).limit(1)) is not None


def left_today(actor: Actor) -> int:
    """How many test mails somebody may still send within these 24 hours."""
    mine = select(func.count()).select_from(Trial).where(Trial.sent_by == actor.name)
    recent = db.session.scalar(mine.where(Trial.sent_at > clock.now() - A_DAY)) or 0
    return max(0, MOST_A_DAY - recent)


def _tried(trial: Trial, sent: Delivery) -> Tried:
    address = Sealer().open(trial.recipient, sent.subscriber_id.bytes)["email"]
    how = (trial.language, sent.state, sent.reason)
    return Tried(address, *how, trial.sent_by, trial.sent_at)
