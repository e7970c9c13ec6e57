"""Standing: what the last entry of the ledger says for one subscriber and topic."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Text,
    case,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.database import DEPERSONALISED, OPERATIONAL, Table, db


class Said(StrEnum):
    """What a standing can be."""

    NONE = "none"
    REQUESTED = "requested"
    GIVEN = "given"
    UNSUBSCRIBED = "unsubscribed"
    WITHDRAWN = "withdrawn"


class Standing(Table):
    """One subscriber's standing on one topic, projected from the ledger."""

    __tablename__ = "standings"
    __table_args__ = (
        CheckConstraint(
            "standing IN ('none', 'requested', 'given', 'unsubscribed', 'withdrawn')",
            name="standing_is_known",
        ),
        CheckConstraint("NOT quarantined OR standing <> 'given'", name="quarantine_is_no_standing"),
        Index("standings_by_topic", "topic_id", "subscriber_id"),
    )

    subscriber_id: Mapped[UUID] = mapped_column(
        ForeignKey("subscribers.id"), primary_key=True, info=DEPERSONALISED
    )
    topic_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("topics.id"), primary_key=True, info=DEPERSONALISED
    )
    standing: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    policy_id: Mapped[int | None] = mapped_column(
        ForeignKey("policy_versions.id"), info=DEPERSONALISED
    )
    entry_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("ledger.id"), info=OPERATIONAL
    )
    of_everything: Mapped[bool] = mapped_column(
        Boolean, server_default=text("false"), info=OPERATIONAL
    )
    quarantined: Mapped[bool] = mapped_column(
        Boolean, server_default=text("false"), info=DEPERSONALISED
    )
    refused: Mapped[bool] = mapped_column(
        Boolean, server_default=text("false"), info=DEPERSONALISED
    )
    since: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), info=DEPERSONALISED)


@dataclass(frozen=True)
class Change:
    """What one entry makes of one standing."""

    subscriber_id: UUID
    topic_id: int
    standing: Said
    policy_id: int | None
    entry_id: int | None
    since: datetime
    of_everything: bool = False
    quarantined: bool = False

    def values(self) -> dict[str, Any]:
        """The row. `refused` says that the last yes or no was a no; asking is neither."""
        refused = self.standing in (Said.UNSUBSCRIBED, Said.WITHDRAWN)
        return vars(self) | {"standing": self.standing.value, "refused": refused}


def of(subscriber_id: UUID) -> dict[int, Standing]:
    """The standings of one person, by topic."""
    query = select(Standing).where(Standing.subscriber_id == subscriber_id)
    fresh = query.execution_options(populate_existing=True)
    return {row.topic_id: row for row in db.session.scalars(fresh)}


def keep(changes: list[Change]) -> None:
    """Project these changes; the last one for the same person and topic wins."""
    last = {(change.subscriber_id, change.topic_id): change.values() for change in changes}
    if not last:
        return
    statement = insert(Standing)
    taken: dict[str, Any] = {n: statement.excluded[n] for n in changes[0].values()}
    asked = statement.excluded.standing == Said.REQUESTED.value
    taken["refused"] = case((asked, Standing.refused), else_=statement.excluded.refused)
    db.session.execute(
        statement.on_conflict_do_update(index_elements=["subscriber_id", "topic_id"], set_=taken),
        list(last.values()),
    )


def quarantine(subscriber_id: UUID, topic_id: int, since: datetime) -> None:
    """Note somebody who was imported without evidence; never touches what they have said."""
    change = Change(subscriber_id, topic_id, Said.NONE, None, None, since, quarantined=True)
    db.session.execute(insert(Standing).values(change.values()).on_conflict_do_nothing())
