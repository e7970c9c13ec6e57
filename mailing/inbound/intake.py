"""Intake: a message that came in is stored first, sealed and once, and only then acted upon.

What this version understands by the address alone is the `mailto:` way out (RFC 2369 3.2).
Everything else is kept as `unclear` for a person to read.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary, Text, UniqueConstraint, select, text
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import OPERATIONAL, PERSONAL, Table, db
from mailing.base.installation import note_data_key
from mailing.base.sealing import keyring
from mailing.base.settings import current
from mailing.base.tokens import MailtoLeave, link_keys
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope

LARGEST = 25 * 1024 * 1024


class InboundMessage(Table):
    """One message as it came, sealed; `action` stays empty until it has been acted upon."""

    __tablename__ = "inbound_messages"
    __table_args__ = (UniqueConstraint("sha256", name="inbound_message_is_unique"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, info=OPERATIONAL)
    sha256: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    sealed: Mapped[bytes] = mapped_column(LargeBinary, info=PERSONAL)
    kind: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    action: Mapped[str] = mapped_column(Text, server_default=text("''"), info=OPERATIONAL)
    received_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), info=OPERATIONAL)


@dataclass(frozen=True)
class Taken:
    """What a message was (`unsubscribe` or `unclear`), and what was done (`left`, `kept`)."""

    kind: str
    action: str
    is_new: bool


def take(raw: bytes, recipients: list[str]) -> Taken:
    """Store a message and act upon it; the same message again changes nothing. Commits.

    A message whose action was cut short is acted upon when it is delivered again.
    """
    meant = _ways_out(recipients)
    digest, is_new = _store(raw, meant)
    kept = db.session.scalars(select(InboundMessage).where(InboundMessage.sha256 == digest)).one()
    if not kept.action:
        for out in meant:
            scope = Scope.of_topics(out.topic_id)
            leave(Leaving(out.subscriber, scope, source="mail", patience=0))
        kept.action = "left" if meant else "kept"
        db.session.commit()
    return Taken(kept.kind, kept.action, is_new)


def is_ours(address: str) -> bool:
    """Whether mail to this address is taken in at all."""
    local_part, _, domain = address.lower().rpartition("@")
    settings = current()
    if address.lower() == settings.helpdesk_address.lower():
        return True
    mailbox = local_part.partition("+")[0]
    ours = ("bounce", "unsubscribe", "join", "postmaster", "abuse")
    return domain == settings.bounce_domain.lower() and mailbox in ours


def _ways_out(recipients: list[str]) -> list[MailtoLeave]:
    """Each topic that a recipient's address leaves, once and in one order."""
    keys = link_keys(current().secret_keys)
    found = {MailtoLeave.read(keys, address.rpartition("@")[0]) for address in recipients}
    return sorted((out for out in found if out), key=lambda out: (out.subscriber, out.topic_id))


def _store(raw: bytes, meant: list[MailtoLeave]) -> tuple[str, bool]:
    digest, kind = _name(raw, meant), "unsubscribe" if meant else "unclear"
    note_data_key()
    row = {
        "sha256": digest,
        "sealed": keyring(current().data_key).encrypt(raw, bytes.fromhex(digest)),
        "kind": kind,
        "received_at": clock.now(),
    }
    stored = insert(InboundMessage).values(row).on_conflict_do_nothing()
    is_new = db.session.execute(stored.returning(InboundMessage.id)).first() is not None
    db.session.commit()
    return digest, is_new


def _name(raw: bytes, meant: list[MailtoLeave]) -> str:
    """What a message is known by: its octets, and what its addresses ask for.

    The copies of one letter to several of our addresses are the same octets; each is acted upon.
    """
    named = hashlib.sha256(raw)
    for out in meant:
        named.update(b"\0" + out.subscriber.bytes + out.topic_id.to_bytes(4, "big"))
    return named.hexdigest()
