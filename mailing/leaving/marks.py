"""What the database knows of the journals: their ids, and each line that it has applied.

Each line is marked in the transaction that applies it. A high-water mark would lose the one
whose process died between two others.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Text, func, select
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.settings import current
from mailing.leaving.journal import Journal, JournalError, Line

At = TIMESTAMP(timezone=True)


class KnownJournal(Table):
    """A journal directory, by the id that stands in it."""

    __tablename__ = "journals"

    id: Mapped[UUID] = mapped_column(primary_key=True, info=OPERATIONAL)
    created_at: Mapped[datetime] = mapped_column(At, server_default=func.now(), info=OPERATIONAL)


class Mark(Table):
    """One line that has been applied."""

    __tablename__ = "journal_entries"

    journal_id: Mapped[UUID] = mapped_column(
        ForeignKey("journals.id"), primary_key=True, info=OPERATIONAL
    )
    sequence: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, info=OPERATIONAL
    )
    hash: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    applied_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)


def own_journal() -> Journal:
    """This host's journal; begun where the database knows of none at all.

    Raises JournalError for a directory that is missing or belongs to another database. A
    further host announces its directory with `kelisim db upgrade` on an empty directory.
    """
    known = set(db.session.scalars(select(KnownJournal.id)))
    journal = Journal(current().journal) if known else Journal.create(current().journal)
    if journal.id not in known:
        if known and journal.size():
            raise JournalError(
                f"The journal in {current().journal} belongs to another database: its id is "
                "unknown here. Set KELISIM_JOURNAL_DIR to this database's own."
            )
        db.session.execute(insert(KnownJournal).values(id=journal.id).on_conflict_do_nothing())
    return journal


def apply(journal_id: UUID, line: Line) -> bool:
    """Mark a line as applied; False where it was already."""
    row = {
        "journal_id": journal_id,
        "sequence": line.sequence,
        "hash": line.hash,
        "applied_at": clock.now(),
    }
    marked = db.session.execute(
        insert(Mark).values(row).on_conflict_do_nothing().returning(Mark.sequence)
    )
    return marked.first() is not None


def applied(journal_id: UUID) -> dict[int, str]:
    """The hashes of the applied lines, by sequence."""
    query = select(Mark.sequence, Mark.hash).where(Mark.journal_id == journal_id)
    return {row.sequence: row.hash for row in db.session.execute(query)}
