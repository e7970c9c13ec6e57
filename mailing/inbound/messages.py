"""Inbound messages: whatever came in, as it came, sealed and once; and what was done about it.

A message is stored and committed before anything is done. `taken` is stored and not yet acted
upon: the next delivery of the same octets acts, or the sweep does. `acted` is over; `waiting` is
shown to a person. The step out of `taken` is one compare-and-set, in the transaction that writes
what follows from the message, so each follows once.
"""

import hashlib
import re
from collections.abc import Iterable
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
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, PERSONAL, Table, db
from mailing.base.errors import Invalid
from mailing.base.installation import note_data_key
from mailing.base.reach import storable
from mailing.base.sealing import keyring
from mailing.base.settings import current
from mailing.inbound import addresses, heading
from mailing.inbound.heading import Heading
from mailing.people.canonical import canonical
from mailing.people.subscribers import digest_of

At = TIMESTAMP(timezone=True)

LARGEST = 25 * 1024 * 1024
# Whoever stored it is about to act; the sweep takes over when nobody can be any more.
LEAVE_ALONE = timedelta(seconds=30)
LONGEST_REASON = 200
_LINE_END = re.compile(rb"\r?\n")
_A_SWEEP = 50


class State(StrEnum):
    """Where a message stands."""

    TAKEN = "taken"
    ACTED = "acted"
    WAITING = "waiting"


class Via(StrEnum):
    """The way that it came."""

    LISTENER = "listener"
    IMAP = "imap"
    FILE = "file"


class InboundMessage(Table):
    """One message. `reason` says by what it was known; no word of the message stands there."""

    __tablename__ = "inbound_messages"
    __table_args__ = (
        UniqueConstraint("sha256", name="inbound_message_is_unique"),
        CheckConstraint("state IN ('taken', 'acted', 'waiting')", name="inbound_state_is_known"),
        CheckConstraint("via IN ('listener', 'imap', 'file')", name="inbound_way_is_known"),
        Index(
            "inbound_messages_to_act_upon",
            "received_at",
            postgresql_where=text("state = 'taken'"),
        ),
        Index(
            "inbound_messages_of_sender",
            "sender_digest",
            postgresql_where=text("sender_digest IS NOT NULL"),
        ),
        Index(
            "inbound_messages_to_name",
            "id",
            postgresql_where=text("sender_digest IS NULL AND sealed IS NOT NULL"),
        ),
        Index(
            "inbound_messages_of_subscriber",
            "subscriber_id",
            postgresql_where=text("subscriber_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, info=OPERATIONAL)
    sha256: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    # Both go with their person; that a message came, and what was done about it, stays.
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info=PERSONAL)
    recipients: Mapped[bytes | None] = mapped_column(LargeBinary, info=PERSONAL)
    # Of whoever it says it is from, so that it is found when they are destroyed; empty for nobody.
    sender_digest: Mapped[bytes | None] = mapped_column(LargeBinary, info=DEPERSONALISED)
    via: Mapped[str] = mapped_column(Text, server_default=text("'listener'"), info=OPERATIONAL)
    state: Mapped[str] = mapped_column(Text, server_default=text("'taken'"), info=OPERATIONAL)
    kind: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    action: Mapped[str] = mapped_column(Text, server_default=text("''"), info=DEPERSONALISED)
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"), info=OPERATIONAL)
    subscriber_id: Mapped[UUID | None] = mapped_column(info=DEPERSONALISED)
    request_id: Mapped[int | None] = mapped_column(BigInteger, info=OPERATIONAL)
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"), info=OPERATIONAL)
    received_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    acted_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)


@dataclass(frozen=True)
class Ending:
    """What became of a message: what it was, what was done, by what it was known, for whom."""

    kind: str
    action: str
    reason: str
    subscriber_id: UUID | None = None
    request_id: int | None = None
    is_waiting: bool = False


def store(raw: bytes, recipients: list[str], via: Via) -> tuple[InboundMessage, bool]:
    """Keep a message, once; with whether it is new. Commits: nothing is done before that."""
    name = name_of(raw, recipients)
    about = bytes.fromhex(name)
    note_data_key()
    ring = keyring(current().data_key)
    row = {
        "sha256": name,
        "sealed": ring.encrypt(raw, about),
        "recipients": ring.encrypt("\n".join(recipients).encode("utf-8", "replace"), about),
        "via": via.value,
        "sender_digest": _sender_digest(raw),
        "kind": "unclear",
        "received_at": clock.now(),
    }
    stored = insert(InboundMessage).values(row).on_conflict_do_nothing()
    is_new = db.session.execute(stored.returning(InboundMessage.id)).first() is not None
    db.session.commit()
    kept = select(InboundMessage).where(InboundMessage.sha256 == name)
    return db.session.scalars(kept.execution_options(populate_existing=True)).one(), is_new


def name_of(raw: bytes, recipients: list[str]) -> str:
    """What a message is known by: its octets, and what its addresses ask for.

    The copies of one letter to several of our addresses are the same octets; each is acted upon.
    A file that was saved from a mailbox has the line ends of its machine, and is the same letter.
    """
    named = hashlib.sha256(_LINE_END.sub(b"\r\n", raw))
    for asked in addresses.asking(recipients):
        named.update(b"\0" + asked.encode("utf-8", "replace"))
    return named.hexdigest()


def find(message_id: int) -> InboundMessage | None:
    """A message by its id, as it is now."""
    return db.session.get(InboundMessage, message_id, populate_existing=True)


def lock(message_id: int) -> InboundMessage | None:
    """The message, whatever became of it, held against whoever else would act."""
    query = select(InboundMessage).where(InboundMessage.id == message_id).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def lock_taken(message_id: int) -> InboundMessage | None:
    """The same; None once it has been acted upon."""
    found = lock(message_id)
    return found if found is not None and found.state == State.TAKEN else None


def end(message: InboundMessage, ending: Ending) -> None:
    """Write down what became of it. The reason may hold whatever a stranger wrote in a report."""
    message.kind, message.action = ending.kind, ending.action
    message.reason = storable(ending.reason, LONGEST_REASON)
    message.subscriber_id, message.request_id = ending.subscriber_id, ending.request_id
    message.state = (State.WAITING if ending.is_waiting else State.ACTED).value
    message.acted_at = clock.now()
    db.session.flush()


def name_reported(message: InboundMessage, reported: Iterable[str]) -> None:
    """A report is found by whom it is about (the first of several), not by the machine that wrote
    it: believed or not, it names them."""
    digests = filter(None, map(_digest, reported))
    message.sender_digest = next(digests, message.sender_digest)


def octets_of(message: InboundMessage) -> bytes:
    """The message as it came; nothing once it has been destroyed."""
    if message.sealed is None:
        return b""
    return keyring(current().data_key).decrypt(message.sealed, bytes.fromhex(message.sha256))


def heading_of(message: InboundMessage) -> Heading:
    """What its header says."""
    return heading.of(octets_of(message))


def recipients_of(message: InboundMessage) -> list[str]:
    """Whom it was for; where nobody noted that, whom its header names."""
    if message.recipients is None:
        return addresses.in_header(octets_of(message))
    ring = keyring(current().data_key)
    opened = ring.decrypt(message.recipients, bytes.fromhex(message.sha256))
    return opened.decode().split("\n") if opened else []


def of(subscriber_id: UUID) -> list[InboundMessage]:
    """What is known to be about somebody, oldest first."""
    query = select(InboundMessage).where(InboundMessage.subscriber_id == subscriber_id)
    return list(db.session.scalars(query.order_by(InboundMessage.id)))


def name_senders(most: int) -> int:
    """Note whom messages say they are from, where nobody has; how many. Twice is safe."""
    query = select(InboundMessage).where(
        InboundMessage.sender_digest.is_(None), InboundMessage.sealed.is_not(None)
    )
    unnamed = list(db.session.scalars(query.order_by(InboundMessage.id).limit(most)))
    for message in unnamed:
        message.sender_digest = _sender_digest(octets_of(message))
    db.session.flush()
    return len(unnamed)


def left_lying() -> list[int]:
    """What was stored and not acted upon; what failed before comes less and less often."""
    query = text(
        "SELECT id FROM inbound_messages WHERE state = 'taken' "
        "AND received_at < :now - make_interval(secs => :alone) * (1 + tries * tries) "
        "ORDER BY tries, id LIMIT :most"
    )
    values = {"now": clock.now(), "alone": LEAVE_ALONE.total_seconds(), "most": _A_SWEEP}
    return list(db.session.execute(query, values).scalars())


def note_failure(message_id: int) -> int:
    """Count a try that came to nothing; the number of them. Commits."""
    query = text(
        "UPDATE inbound_messages SET tries = tries + 1 WHERE id = :id AND state = 'taken' "
        "RETURNING tries"
    )
    number = db.session.execute(query, {"id": message_id}).scalar_one_or_none()
    db.session.commit()
    return int(number or 0)


def _sender_digest(raw: bytes) -> bytes:
    """The digest of the one address in From; empty where there is none that could be somebody's."""
    return _digest(heading.of(raw).author)


def _digest(address: str | None) -> bytes:
    try:
        return digest_of(canonical(address)) if address else b""
    except Invalid:
        return b""
