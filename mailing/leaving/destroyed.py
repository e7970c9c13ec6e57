"""Destroyed: in the journal beside the leavings, so that no backup brings a person back.

A backup from before a destruction holds the person again. The line names them by their random id
and the keyed digest of an address, with the certificate, under a MAC: what cannot be taken back is
done by no line that somebody else has put there. Replay keeps the address out and ends all
mailing at once; that the data go again is the desk's, which finds what was replayed here.
"""

import hmac
import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text, select, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, Table, db
from mailing.base.settings import current
from mailing.leaving import leave, marks
from mailing.leaving.journal import Line, Note
from mailing.leaving.scope import Scope
from mailing.people import ledger, lost, subscribers, suppression
from mailing.people.suppression import Why

At = TIMESTAMP(timezone=True)
KIND = "destroyed"
_DOOR = "journal"


class ReplayedDestruction(Table):
    """A line that the database lacked; `source` is the certificate, `settled_at` when the data were
    destroyed again, or found gone."""

    __tablename__ = "replayed_destructions"
    __table_args__ = (
        Index(
            "replayed_destructions_to_settle",
            "replayed_at",
            postgresql_where=text("settled_at IS NULL"),
        ),
    )

    journal_id: Mapped[UUID] = mapped_column(primary_key=True, info=OPERATIONAL)
    sequence: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, info=OPERATIONAL
    )
    subscriber_id: Mapped[UUID] = mapped_column(info=DEPERSONALISED)
    source: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    replayed_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    settled_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)


def write_down(subscriber_id: UUID, digests: tuple[bytes, ...], certificate: str) -> str:
    """Keep these addresses out for ever and journal that their person is destroyed, in the same
    transaction; the hash of the last line. Raises JournalError or OSError where the journal cannot
    be written: then nothing is destroyed."""
    journal, last = marks.own_journal(), ""
    for one in digests:
        lost.forget(subscriber_id, one)
        suppression.suppress(one, Why.DESTROYED)
        source = f"{certificate} {_mac(subscriber_id, one, certificate)}"
        note = Note(str(subscriber_id), one.hex(), "all", KIND, source)
        line = journal.append(note)
        marks.apply(journal.id, line)
        last = line.hash
    return last


class NotOurs(ValueError):
    """A line that was not written under our key."""


def demand(note: Note) -> None:
    """Raises ValueError where a line does not say who was destroyed, NotOurs where it was not
    written by us."""
    certificate, _, mac = note.source.partition(" ")
    ours = _mac(UUID(note.subscriber), bytes.fromhex(note.digest or "none"), certificate)
    if not hmac.compare_digest(mac.encode(), ours.encode()):
        raise NotOurs("it is not under our key")


def apply(journal_id: UUID, line: Line) -> None:
    """Apply a line that the database lacks. Commits."""
    subscriber_id, digest = UUID(line.note.subscriber), bytes.fromhex(line.note.digest or "")
    person = subscribers.lock(subscriber_id)
    if marks.apply(journal_id, line):
        suppression.suppress(digest, Why.DESTROYED)
        lost.forget(subscriber_id, digest)
        db.session.add(
            ReplayedDestruction(
                journal_id=journal_id,
                sequence=line.sequence,
                subscriber_id=subscriber_id,
                source=line.note.source.partition(" ")[0],
                replayed_at=clock.now(),
            )
        )
        if person is not None and person.personal is not None:
            _stop(subscriber_id)
        elif person is not None:
            # They came after this backup: an earlier line has kept the digest with their "no".
            person.digest = secrets.token_bytes(32)
    db.session.commit()


def to_settle() -> list[ReplayedDestruction]:
    """What was replayed and waits for the desk, in the order of the journal."""
    query = select(ReplayedDestruction).where(ReplayedDestruction.settled_at.is_(None))
    order = (ReplayedDestruction.journal_id, ReplayedDestruction.sequence)
    return list(db.session.scalars(query.order_by(*order)))


def _stop(subscriber_id: UUID) -> None:
    """End all mailing, as a withdrawal does; the line itself is marked in the same transaction."""
    everything = Scope.everything()
    withdrawn = ledger.Kind.WITHDRAWN
    leave.record(leave.Leaving(subscriber_id, everything, withdrawn, _DOOR, patience=0), None)


def _mac(subscriber_id: UUID, digest: bytes, certificate: str) -> str:
    said = b"\0".join((KIND.encode(), subscriber_id.bytes, digest, certificate.encode()))
    return hmac.digest(current().suppression_key, said, "sha256").hex()
