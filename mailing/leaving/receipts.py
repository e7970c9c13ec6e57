"""Receipts: what a person who left was told, stored as it was said."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text, select, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.database import DEPERSONALISED, OPERATIONAL, Table, db


class StoredReceipt(Table):
    """One answer. `in_flight` names what was past recall when it was given."""

    __tablename__ = "receipts"
    __table_args__ = (Index("receipts_of_subscriber", "subscriber_id"),)

    id: Mapped[str] = mapped_column(Text, primary_key=True, info=OPERATIONAL)
    subscriber_id: Mapped[UUID] = mapped_column(info=DEPERSONALISED)
    topic_id: Mapped[int | None] = mapped_column(info=DEPERSONALISED)
    kind: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    entry_id: Mapped[int | None] = mapped_column(BigInteger, info=OPERATIONAL)
    recorded_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), info=OPERATIONAL)
    in_flight: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, server_default=text("'[]'"), info=OPERATIONAL
    )


@dataclass(frozen=True)
class Receipt:
    """The answer to a leaving.

    `topic` is a slug, several joined by commas, or `all`; `in_flight` lists `message_id` and
    `handed_over_at` of what the peer has and has not answered. Empty: nothing more is sent.
    """

    id: str
    topic: str
    recorded_at: datetime
    in_flight: list[dict[str, str]]


def fresh_id() -> str:
    """An unguessable number for a receipt."""
    return f"r-{secrets.token_hex(12)}"


def of_entry(entry_id: int) -> StoredReceipt | None:
    """The receipt that was given for an entry of the ledger."""
    query = select(StoredReceipt).where(StoredReceipt.entry_id == entry_id)
    return db.session.scalars(query.order_by(StoredReceipt.recorded_at).limit(1)).first()
