"""What the database knows of the journals: their ids, and each line that it has applied.

Each line is marked in the transaction that applies it. A high-water mark would lose the one
whose process died between two others.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Text, func, select
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.arrays import array_of
from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.roundtrip import Row, Said
from mailing.base.saying import ask
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

    Raises JournalError for a directory that is missing or belongs to another database. An
    empty one with an id of its own is no exception: it could stand where ours was.
    """
    return journal_among(set(db.session.scalars(select(KnownJournal.id))))


def journal_among(known: set[UUID]) -> Journal:
    """The same, where the ids of all that the database knows have been asked for."""
    journal = Journal(current().journal) if known else Journal.create(current().journal)
    if journal.id not in known:
        if known:
            raise JournalError(
                f"The journal in {current().journal} belongs to another database: its id is "
                "unknown here. Set KELISIM_JOURNAL_DIR to this database's own."
            )
        db.session.execute(insert(KnownJournal).values(id=journal.id).on_conflict_do_nothing())
    return journal


# The ids of all journals that the database knows, as one column of a question.
KNOWN = "ARRAY(SELECT id FROM journals)"


def begin() -> None:
    """Begin the journal of a database that knows of none; one that is known is not asked for."""
    if db.session.scalars(select(KnownJournal.id)).first() is None:
        own_journal()


def apply(journal_id: UUID, line: Line) -> bool:
    """Mark a line as applied; False where this very line was already.

    Another line may be marked under the same number, where the file was cut back behind our
    back. Replay reports that; the "no" in this line is carried out all the same.
    """
    return is_fresh(ask(marking(journal_id, [line]))[0], journal_id, line)


def apply_all(journal_id: UUID, lines: list[Line]) -> list[Line]:
    """Mark many lines, as `apply` marks one; those that are to be carried out."""
    fresh = {sequence for (sequence,) in ask(marking(journal_id, lines))[0]}
    return [one for one in lines if one.sequence in fresh or apply(journal_id, one)]


def marking(journal_id: UUID, lines: list[Line]) -> Said:
    """What marks lines, for whoever says more with it; of one line `is_fresh` reads the answer."""
    values = {
        "journal": str(journal_id),
        "sequences": array_of([one.sequence for one in lines]),
        "hashes": array_of([one.hash for one in lines]),
        "at": clock.now().isoformat(),
    }
    return Said(_MARK, values)


_MARK = """
    INSERT INTO journal_entries (journal_id, sequence, hash, applied_at)
    SELECT %(journal)s::uuid, sequence, hash, %(at)s::timestamptz
    FROM unnest(%(sequences)s::bigint[], %(hashes)s::text[]) AS n (sequence, hash)
    ON CONFLICT DO NOTHING RETURNING sequence
"""


def is_fresh(marked: Sequence[Row], journal_id: UUID, line: Line) -> bool:
    """Whether a line is to be carried out, by the answer to `marking`."""
    if marked:
        return True
    query = select(Mark.hash).where(
        Mark.journal_id == journal_id, Mark.sequence == line.sequence, Mark.hash == line.hash
    )
    return db.session.scalars(query).first() is None


def applied(journal_id: UUID, after: int = 0) -> dict[int, str]:
    """The hashes of the applied lines after a sequence, by sequence."""
    query = select(Mark.sequence, Mark.hash).where(
        Mark.journal_id == journal_id, Mark.sequence > after
    )
    return {row.sequence: row.hash for row in db.session.execute(query)}


def count(journal_id: UUID, up_to: int) -> int:
    """How many lines up to a sequence have been applied."""
    query = select(func.count()).where(Mark.journal_id == journal_id, Mark.sequence <= up_to)
    return db.session.scalars(query).one()
