"""Returns: what came back about a message after it was handed over: bounces, complaints, answers.

A bounce annotates an accepted message and does not move it; it closes an uncertain one as refused.
Whatever shows that a message was read closes an uncertain one as accepted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, Table, db
from mailing.base.reach import storable
from mailing.deliveries import addressees
from mailing.deliveries.addressees import NOBODY
from mailing.deliveries.deliveries import Delivery

At = TIMESTAMP(timezone=True)


class Came(StrEnum):
    """What came back; `seen` is an answer that shows that the message was read."""

    HARD = "hard"
    SOFT = "soft"
    POLICY = "policy"
    OTHER = "other"
    COMPLAINT = "complaint"
    SEEN = "seen"


_LONGEST_STATUS = 20
BOUNCES = (Came.HARD, Came.SOFT, Came.POLICY, Came.OTHER)
# A message may bounce twice, late and differently: the first of these is what is shown.
_STRENGTH = "array_position(ARRAY['hard', 'policy', 'other', 'soft'], {kind})"


class Return(Table):
    """One thing that one message in our mailbox says of one message of ours.

    No foreign keys to people and deliveries: they would lock rows that the gate locks in order.
    """

    __tablename__ = "returns"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('hard', 'soft', 'policy', 'other', 'complaint', 'seen')",
            name="return_kind_is_known",
        ),
        UniqueConstraint("delivery_id", "inbound_id", name="return_is_told_once"),
        Index("returns_of_campaign", "campaign_id"),
        Index("returns_of_subscriber", "subscriber_id", "at"),
        Index("returns_by_time", "at"),
        Index("returns_by_cause", "cause", "at", postgresql_where=text("cause IS NOT NULL")),
        Index("returns_by_saying", "said", "at", postgresql_where=text("said IS NOT NULL")),
        Index("returns_of_storm", "storm_id", postgresql_where=text("storm_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, info=OPERATIONAL)
    delivery_id: Mapped[UUID] = mapped_column(info=OPERATIONAL)
    subscriber_id: Mapped[UUID] = mapped_column(info=DEPERSONALISED)
    campaign_id: Mapped[int | None] = mapped_column(Integer, info=OPERATIONAL)
    kind: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    status: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    inbound_id: Mapped[int] = mapped_column(BigInteger, info=OPERATIONAL)
    # The digest of a provider and of what it said, without whatever differs from person to person.
    cause: Mapped[bytes | None] = mapped_column(LargeBinary, info=OPERATIONAL)
    # The digest of what was said alone, whichever provider it was about.
    said: Mapped[bytes | None] = mapped_column(LargeBinary, info=OPERATIONAL)
    storm_id: Mapped[int | None] = mapped_column(BigInteger, info=OPERATIONAL)
    at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)


@dataclass(frozen=True)
class NewReturn:
    """What came back, about to be written; `inbound_id` 0 is an answer on a page."""

    delivery: Delivery
    kind: Came
    inbound_id: int
    status: str = ""
    cause: bytes | None = None
    said: bytes | None = None


@dataclass(frozen=True)
class OfCampaign:
    """How many messages of a campaign bounced, of how many somebody complained, and when last."""

    campaign_id: int
    bounces: int
    complaints: int
    last_at: datetime


def note(new: NewReturn) -> int | None:
    """Write down what came back; its number, or None where the same message told it before.

    What came back about a message to a stranger counts for nobody known.
    """
    row = {
        "delivery_id": new.delivery.id,
        "subscriber_id": addressees.of(new.delivery) or NOBODY,
        "campaign_id": new.delivery.campaign_id,
        "kind": new.kind.value,
        "status": storable(new.status, _LONGEST_STATUS),
        "inbound_id": new.inbound_id,
        "cause": new.cause,
        "said": new.said,
        "at": clock.now(),
    }
    written = insert(Return).values(row).on_conflict_do_nothing().returning(Return.id)
    return db.session.execute(written).scalar_one_or_none()


def by_provider(campaign_id: int) -> list[tuple[str, str, int]]:
    """`(kind, provider, messages)` of a campaign; each message counts once among the bounces, by
    its strongest, and once as a complaint."""
    rows = db.session.execute(text(_BY_PROVIDER), {"campaign": campaign_id})
    return [(row.kind, row.provider, row.messages) for row in rows]


def counts(campaign_id: int) -> dict[str, int]:
    """The same by kind alone; every kind is named."""
    found = dict.fromkeys((*BOUNCES, Came.COMPLAINT), 0)
    for kind, _, messages in by_provider(campaign_id):
        found[Came(kind)] += messages
    return {kind.value: number for kind, number in found.items()}


def by_campaign(most: int = 50) -> list[OfCampaign]:
    """What came back of each campaign; first where something came last."""
    rows = db.session.execute(text(_BY_CAMPAIGN), {"most": most})
    return [OfCampaign(*row) for row in rows]


def confirm_by_token(delivery_id: UUID, inbound_id: int = 0) -> bool:
    """Somebody has shown a token of this message, so it arrived; whether that closed it."""
    delivery = db.session.get(Delivery, delivery_id)
    if delivery is None:
        return False
    note(NewReturn(delivery, Came.SEEN, inbound_id))
    return bool(settle([delivery_id]))


def annotate(delivery_id: UUID, kind: Came) -> None:
    """Say on the message that it bounced; what is uncertain is refused. The person is locked."""
    values = {"id": delivery_id, "kind": kind.value, "at": clock.now()}
    db.session.execute(text(_ANNOTATE), values)
    db.session.execute(text(_TELL_OPTIN), values)
    settle([delivery_id])


def settle_uncertain() -> int:
    """Close what became uncertain after something had come back about it; how many."""
    found = db.session.scalars(text(_LEFT_UNCERTAIN), {"since": clock.now() - _LOOK_BACK})
    return len(settle(list(found)))


def settle(ids: list[UUID]) -> list[UUID]:
    """Close those of these that are uncertain by what came back about them; which."""
    return list(db.session.scalars(text(_CLOSE), {"ids": ids})) if ids else []


_LOOK_BACK = timedelta(days=30)

_ANNOTATE = f"""
    UPDATE deliveries SET bounced_at = coalesce(bounced_at, :at), bounce_kind = CASE
        WHEN {_STRENGTH.format(kind="bounce_kind")} < {_STRENGTH.format(kind=":kind")}
        THEN bounce_kind ELSE :kind END
    WHERE id = :id
"""  # noqa: S608 - our own text; every value is bound
_TELL_OPTIN = """
    UPDATE optins o SET bounced_at = coalesce(o.bounced_at, :at)
    FROM deliveries d WHERE d.id = :id AND o.id = d.optin_id
"""
_BY_PROVIDER = f"""
    SELECT r.kind, s.provider, count(*) AS messages
    FROM (SELECT DISTINCT ON (delivery_id, kind = 'complaint') delivery_id, subscriber_id, kind
          FROM returns WHERE campaign_id = :campaign AND kind <> 'seen'
          ORDER BY delivery_id, kind = 'complaint', {_STRENGTH.format(kind="kind")}) r
    JOIN subscribers s ON s.id = r.subscriber_id
    GROUP BY r.kind, s.provider ORDER BY count(*) DESC, r.kind, s.provider
"""  # noqa: S608 - our own text; every value is bound
_BY_CAMPAIGN = """
    SELECT r.campaign_id, count(DISTINCT r.delivery_id) FILTER (WHERE r.kind <> 'complaint'),
        count(DISTINCT r.delivery_id) FILTER (WHERE r.kind = 'complaint'), max(r.at)
    FROM returns r JOIN subscribers s ON s.id = r.subscriber_id
    WHERE r.campaign_id IS NOT NULL AND r.kind <> 'seen'
    GROUP BY r.campaign_id ORDER BY max(r.at) DESC, r.campaign_id DESC LIMIT :most
"""
# Whoever has read it has it, whatever a mail system says.
_CLOSE = """
    WITH mine AS (
        SELECT d.id, EXISTS (SELECT FROM returns r WHERE r.delivery_id = d.id
                             AND r.kind IN ('seen', 'complaint')) AS is_read
        FROM deliveries d
        WHERE d.id = ANY (CAST(:ids AS uuid[])) AND d.state = 'uncertain'
            AND EXISTS (SELECT FROM returns r WHERE r.delivery_id = d.id)
        ORDER BY d.id FOR UPDATE OF d
    )
    UPDATE deliveries d SET state = CASE WHEN m.is_read THEN 'accepted' ELSE 'refused' END
    FROM mine m WHERE d.id = m.id RETURNING d.id
"""
_LEFT_UNCERTAIN = """
    SELECT d.id FROM returns r JOIN deliveries d ON d.id = r.delivery_id
    WHERE r.at > :since AND d.state = 'uncertain'
"""
