"""Deliveries: one message to one subscriber, with one outcome (enforcement.md, states)."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.database import DEPERSONALISED, OPERATIONAL, PERSONAL, Table

At = TIMESTAMP(timezone=True)


class Kind(StrEnum):
    """What a delivery carries."""

    CAMPAIGN = "campaign"
    NOTICE = "notice"
    CONFIRMATION = "confirmation"
    CORRESPONDENCE = "correspondence"
    ACCOUNT = "account"
    TEST = "test"


class State(StrEnum):
    """The states of a delivery."""

    PENDING = "pending"
    CLAIMED = "claimed"
    OPEN = "open"
    SEALED = "sealed"
    ABORTING = "aborting"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    HELD = "held"
    DEFERRED = "deferred"


class Delivery(Table):
    """One message to one subscriber; each change of state is a compare-and-set."""

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('campaign', 'notice', 'confirmation', 'correspondence', 'account', 'test')",
            name="delivery_kind_is_known",
        ),
        CheckConstraint(
            "state IN ('pending', 'claimed', 'open', 'sealed', 'aborting', 'accepted', "
            "'refused', 'uncertain', 'held', 'deferred')",
            name="delivery_state_is_known",
        ),
        UniqueConstraint(
            "subscriber_id", "campaign_id", name="one_delivery_a_campaign_and_subscriber"
        ),
        CheckConstraint("confirmation_number IN (1, 2)", name="confirmation_number_is_one_or_two"),
        CheckConstraint(
            "(kind IN ('confirmation', 'correspondence', 'account', 'test')) "
            "= (campaign_id IS NULL) "
            "AND (kind = 'confirmation') = (optin_id IS NOT NULL) "
            "AND (kind = 'confirmation') = (confirmation_number IS NOT NULL)",
            name="delivery_belongs",
        ),
        CheckConstraint(
            "state NOT IN ('held', 'aborting') OR reason IS NOT NULL", name="held_has_a_reason"
        ),
        CheckConstraint(
            "bounce_kind IN ('hard', 'soft', 'policy', 'other')", name="bounce_kind_is_known"
        ),
        CheckConstraint("state <> 'deferred' OR retry_at IS NOT NULL", name="deferred_has_a_time"),
        CheckConstraint(
            "state NOT IN ('claimed', 'open', 'sealed', 'aborting') OR owner IS NOT NULL",
            name="in_work_has_an_owner",
        ),
        # No index may name a column that changes on the way (batches.py says why).
        Index(
            "two_confirmations_a_day",
            "subscriber_id",
            "confirmation_day",
            "confirmation_number",
            unique=True,
            postgresql_where=text("confirmation_day IS NOT NULL"),
        ),
        Index("deliveries_of_batch", "batch_id"),
        # Room on each page for the four changes of its rows.
        {"postgresql_with": {"fillfactor": 40}},
    )

    id: Mapped[UUID] = mapped_column(
        primary_key=True, server_default=text("gen_random_uuid()"), info=OPERATIONAL
    )
    kind: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    # Campaign, topic and batch are copied by whoever writes the row, from rows whose own keys hold:
    # asking for each again doubled its price (15 us instead of 6, measured).
    batch_id: Mapped[int] = mapped_column(BigInteger, info=OPERATIONAL)
    campaign_id: Mapped[int | None] = mapped_column(Integer, info=OPERATIONAL)
    optin_id: Mapped[UUID | None] = mapped_column(ForeignKey("optins.id"), info=OPERATIONAL)
    # No key here either: it would lock the person's row for whoever claims, who must not wait for
    # somebody who is leaving. People are emptied, never deleted, and the gate looks each one up.
    subscriber_id: Mapped[UUID] = mapped_column(info=DEPERSONALISED)
    topic_id: Mapped[int] = mapped_column(Integer, info=DEPERSONALISED)
    confirmation_day: Mapped[date | None] = mapped_column(info=OPERATIONAL)
    confirmation_number: Mapped[int | None] = mapped_column(SmallInteger, info=OPERATIONAL)
    state: Mapped[str] = mapped_column(Text, server_default=text("'pending'"), info=OPERATIONAL)
    reason: Mapped[str | None] = mapped_column(Text, info=DEPERSONALISED)
    owner: Mapped[UUID | None] = mapped_column(info=OPERATIONAL)
    fence: Mapped[int] = mapped_column(Integer, server_default=text("0"), info=OPERATIONAL)
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"), info=OPERATIONAL)
    retry_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    allowed_by: Mapped[int | None] = mapped_column(BigInteger, info=OPERATIONAL)
    link_key: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    dated_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    opened_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    sealed_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    finished_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    reply_code: Mapped[int | None] = mapped_column(SmallInteger, info=OPERATIONAL)
    # What a relay says of a refused address often repeats it.
    reply_text: Mapped[str | None] = mapped_column(Text, info=PERSONAL)
    created_at: Mapped[datetime] = mapped_column(At, server_default=func.now(), info=OPERATIONAL)
    # A note on what was accepted before; the outcome stays (returns.py).
    bounced_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    bounce_kind: Mapped[str | None] = mapped_column(Text, info=DEPERSONALISED)


def message_id(delivery_id: UUID, domain: str) -> str:
    """The Message-ID of a delivery, without its brackets (RFC 5322 3.6.4).

    At least 74 random bits; a campaign's tells when its row was written as well (RFC 9562 5.7).
    """
    return f"{delivery_id.hex}@{domain}"
