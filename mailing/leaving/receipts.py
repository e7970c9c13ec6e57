"""Receipts: what a person who left was told, stored as it was said.

Each carries a seal under a key that never changes, over all that it says and over the entry of the
ledger that it is about: a changed receipt is found out, and so is one that nobody gave.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, Text, select, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.arrays import octets
from mailing.base.database import DEPERSONALISED, OPERATIONAL, Table, db
from mailing.base.roundtrip import Said
from mailing.base.sealing import digest
from mailing.base.settings import current
from mailing.people import evidence
from mailing.people.ledger import Appended, Entry


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
    # The database demands one of every receipt but those of before there were seals.
    seal: Mapped[bytes | None] = mapped_column(LargeBinary, info=OPERATIONAL)


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


def seal_anew(stored: StoredReceipt) -> None:
    """Seal what a stored receipt says now; each change of it ends here."""
    stored.seal = seal_of(stored, entry_of(stored))


def keeping(given: StoredReceipt, about: Entry | Appended | None) -> Said:
    """What writes a fresh one down, sealed: nothing is in flight as yet."""
    values = {
        "id": given.id,
        "subscriber": str(given.subscriber_id),
        "topic": None if given.topic_id is None else str(given.topic_id),
        "kind": given.kind,
        "entry": None if given.entry_id is None else str(given.entry_id),
        "at": given.recorded_at.isoformat(),
        "seal": octets(seal_of(given, about)),
    }
    return Said(_KEEP, values)


_KEEP = """
    INSERT INTO receipts (id, subscriber_id, topic_id, kind, entry_id, recorded_at, seal)
    VALUES (%(id)s::text, %(subscriber)s::uuid, %(topic)s::integer, %(kind)s::text,
            %(entry)s::bigint, %(at)s::timestamptz, %(seal)s::bytea)
"""


def seal_of(given: StoredReceipt, entry: Entry | Appended | None) -> bytes:
    """The seal over what a receipt says, and over the entry that it is about."""
    said = {
        "id": given.id,
        "subscriber": str(given.subscriber_id),
        "topic": given.topic_id,
        "kind": given.kind,
        "entry": given.entry_id,
        "hash": entry.hash.hex() if entry else None,
        "at": given.recorded_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "in_flight": given.in_flight,
    }
    return digest(current().suppression_key, f"receipt\0{evidence.canonical(said).decode()}")


def entry_of(given: StoredReceipt) -> Entry | None:
    """The entry that a receipt is about."""
    return db.session.get(Entry, given.entry_id) if given.entry_id is not None else None


def trouble_of(given: StoredReceipt) -> str | None:
    """What is wrong with a stored receipt; None where it says what was said."""
    entry = entry_of(given)
    if given.entry_id is not None and entry is None:
        return "the entry that it is about is missing"
    if entry is not None and (entry.subscriber_id, entry.at) != (
        given.subscriber_id,
        given.recorded_at,
    ):
        return "it does not say what its entry says"
    if given.seal is not None and not hmac.compare_digest(given.seal, seal_of(given, entry)):
        return "it is not what was sealed"
    return None


def of_entry(entry_id: int) -> StoredReceipt | None:
    """The receipt that was given for an entry of the ledger."""
    query = select(StoredReceipt).where(StoredReceipt.entry_id == entry_id)
    return db.session.scalars(query.order_by(StoredReceipt.recorded_at).limit(1)).first()
