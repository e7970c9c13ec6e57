"""Kept out: addresses that are written to no more, in the journal beside the leavings.

A backup from before a move brings the person back to an address that, as they have told us, is
theirs no longer; one from before staff kept an address out would mail it again. The line names the
address by its keyed digest alone.
"""

from uuid import UUID

from mailing.leaving import marks
from mailing.leaving.journal import Line, Note
from mailing.people import subscribers, suppression
from mailing.people.suppression import Why

# The kinds of line, and why the address is suppressed.
KINDS = {"moved": Why.MOVED, "kept out": Why.STAFF}
_KIND = {why: kind for kind, why in KINDS.items()}


def write_down(subscriber_id: UUID, digest: bytes, why: Why, source: str = "page") -> None:
    """Suppress an address for one of these reasons, and journal it in the same transaction; what
    staff say is kept as the suppression's detail.

    Raises JournalError or OSError where the journal cannot be written: then nobody has moved and
    nothing is kept out. Should the transaction fail after this, the wish was there all the same:
    replay lets nothing more go to this address, and pressing the button again does the rest.
    """
    journal = marks.own_journal()
    suppression.suppress(digest, why, _detail(why, source))
    note = Note(str(subscriber_id), digest.hex(), "all", _KIND[why], source)
    marks.apply(journal.id, journal.append(note))


def demand(note: Note) -> None:
    """Raises ValueError where a line does not say whose address it is, and which."""
    UUID(note.subscriber)
    bytes.fromhex(note.digest or "none")


def apply(journal_id: UUID, line: Line) -> None:
    """Apply a line that the database lacks. Whoever does it at this moment is waited for."""
    note = line.note
    subscribers.lock(UUID(note.subscriber))
    if marks.apply(journal_id, line) and note.digest is not None:
        why = KINDS[note.kind]
        suppression.suppress(bytes.fromhex(note.digest), why, _detail(why, note.source))


def _detail(why: Why, source: str) -> str:
    return source if why is Why.STAFF else ""
