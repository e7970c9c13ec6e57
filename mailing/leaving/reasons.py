"""Why people leave, if they care to say: counted per campaign, tied to nobody.

A row names no person, no delivery and no time of day. It is found again (so that a second press
corrects the first and is not counted twice) only by whoever holds the link and our suppression
key; what was written freely may name somebody, and is sealed (policy 2.3, 2.5).
"""

import hmac
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, LargeBinary, Text, select
from sqlalchemy import func as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, PERSONAL, Table, db
from mailing.base.errors import Invalid
from mailing.base.settings import current
from mailing.base.tokens import LeaveToken, link_keys
from mailing.deliveries.deliveries import Delivery
from mailing.people.subscribers import Sealer

MOST_CHARACTERS = 300
# Below this many answers a remark could be matched with the one person who left.
ENOUGH = 5


class Why(StrEnum):
    """What can be ticked."""

    TOO_MANY = "too_many"
    NOT_RELEVANT = "not_relevant"
    NEVER_ASKED = "never_asked"
    CONTENT = "content"
    OTHER = "other"


class LeaveReason(Table):
    """One answer."""

    __tablename__ = "leave_reasons"
    __table_args__ = (
        CheckConstraint(
            "reason IN ('too_many', 'not_relevant', 'never_asked', 'content', 'other')",
            name="leave_reason_is_known",
        ),
        CheckConstraint(
            "reason IS NOT NULL OR words IS NOT NULL", name="leave_reason_says_something"
        ),
        Index("leave_reasons_of_campaign", "campaign_id"),
    )

    once: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True, info=DEPERSONALISED)
    campaign_id: Mapped[int | None] = mapped_column(
        Integer, ForeignKey("campaigns.id", ondelete="SET NULL"), info=OPERATIONAL
    )
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topics.id"), info=OPERATIONAL)
    reason: Mapped[str | None] = mapped_column(Text, info=DEPERSONALISED)
    words: Mapped[bytes | None] = mapped_column(LargeBinary, info=PERSONAL)
    day: Mapped[date] = mapped_column(Date, info=OPERATIONAL)


@dataclass(frozen=True)
class Told:
    """The answers about one campaign; `words` stays empty while too few have answered."""

    answers: int
    reasons: dict[str, int]
    words: list[str]


def tell(token: str, reason: str, words: str) -> bool:
    """Keep an answer, in place of an earlier one by the same link; whether there was any. Commits.

    Raises Invalid for a reason that is none of ours and for more than 300 characters.
    """
    meant = LeaveToken.read(link_keys(current().secret_keys), token)
    said = " ".join(words.split())
    _demand_known(reason, said)
    if meant is None or not (reason or said):
        return False
    once = _mark(current().suppression_key, token)
    row = {
        "once": once,
        "campaign_id": _campaign_of(meant),
        "topic_id": meant.topic_id,
        "reason": reason or None,
        "words": Sealer().seal({"words": said}, once) if said else None,
        "day": clock.today(current().time_zone),
    }
    kept = insert(LeaveReason).values(row)
    changed = {name: kept.excluded[name] for name in ("reason", "words")}
    db.session.execute(kept.on_conflict_do_update(index_elements=["once"], set_=changed))
    db.session.commit()
    return True


def about(campaign_id: int) -> Told:
    """What those who left through this campaign's mail said, in an order that betrays nobody."""
    query = select(LeaveReason).where(LeaveReason.campaign_id == campaign_id)
    rows = list(db.session.scalars(query))
    counts = {why.value: sum(row.reason == why.value for row in rows) for why in Why}
    sealer = Sealer()
    words = [sealer.open(row.words, row.once)["words"] for row in rows if row.words]
    return Told(len(rows), counts, sorted(words) if len(rows) >= ENOUGH else [])


def marks_of(subscriber_id: UUID) -> tuple[bytes, ...]:
    """By what the answers of one person are found, whichever of their links they came by."""
    keys, ring = current().suppression_key, link_keys(current().secret_keys)
    query = select(Delivery.id, Delivery.topic_id).where(Delivery.subscriber_id == subscriber_id)
    links = [LeaveToken(subscriber_id, topic, one) for one, topic in db.session.execute(query)]
    return tuple(_mark(keys, link.text(ring, name)) for link in links for name in ring.names)


def count(campaign_id: int) -> int:
    """How many have said why."""
    query = select(sql.count()).where(LeaveReason.campaign_id == campaign_id)
    return db.session.scalars(query).one()


def _demand_known(reason: str, words: str) -> None:
    if reason and reason not in set(Why):
        raise Invalid("That is none of the reasons.", "reason")
    if len(words) > MOST_CHARACTERS:
        raise Invalid(f"A remark has at most {MOST_CHARACTERS} characters.", "words")


def _mark(key: bytes, token: str) -> bytes:
    return hmac.digest(key, b"leave reason\0" + token.encode(), "sha256")


def _campaign_of(meant: LeaveToken) -> int | None:
    query: Any = select(Delivery.campaign_id).where(Delivery.id == meant.delivery)
    found: int | None = db.session.scalars(query).first()
    return found
