"""Departures: an address that somebody moved from, in the journal beside the leavings.

A backup from before a move brings the person back to an address that, as they have told us, is
theirs no longer. The line names it by its keyed digest alone.
"""

from uuid import UUID

from mailing.leaving import marks
from mailing.leaving.journal import Line, Note
from mailing.people import subscribers, suppression
from mailing.people.suppression import Why

KIND = "moved"


def write_down(subscriber_id: UUID, former: bytes) -> None:
    """Suppress the address that somebody moves from, and journal it in the same transaction.

    Raises JournalError or OSError where the journal cannot be written: then nobody has moved.
    Should the transaction fail after this, both mailboxes have agreed all the same: replay lets
    nothing more go to this one, and pressing the button again moves them.
    """
    journal = marks.own_journal()
    suppression.suppress(former, Why.MOVED)
    note = Note(str(subscriber_id), former.hex(), "all", KIND, "page")
    marks.apply(journal.id, journal.append(note))


def demand(note: Note) -> None:
    """Raises ValueError where a line does not say who left which address."""
    UUID(note.subscriber)
    bytes.fromhex(note.digest or "none")


def apply(journal_id: UUID, line: Line) -> None:
    """Apply a line that the database lacks. Whoever makes the move at this moment is waited for."""
    subscribers.lock(UUID(line.note.subscriber))
    if marks.apply(journal_id, line) and line.note.digest is not None:
        suppression.suppress(bytes.fromhex(line.note.digest), Why.MOVED)
