"""What a line of the withdrawal journal asks for. Nothing that a file says may ever say yes."""

from collections.abc import Iterable, Mapping
from types import ModuleType
from uuid import UUID

from sqlalchemy import text

from mailing.base.arrays import array_of
from mailing.base.database import db
from mailing.leaving import destroyed, kept_out
from mailing.leaving.journal import JournalError, Line
from mailing.leaving.scope import Scope
from mailing.leaving.wish import Leaving
from mailing.people import lost
from mailing.people.ledger import Kind

# The kinds that are no leaving: who demands that a line says what it has to, and applies it.
OTHERS: dict[str, ModuleType] = {
    **dict.fromkeys(kept_out.KINDS, kept_out),
    destroyed.KIND: destroyed,
}

# The ids of the people whom lines are about now, by what the lines name them.
Known = Mapping[str, UUID]


def known(lines: Iterable[Line]) -> dict[str, UUID]:
    """Whom the lines are about, by the digest in them: an id may be another since. Where the
    database was away when a line was written, no digest could be named; then by the id."""
    notes = [line.note for line in lines]
    digests = {note.digest for note in notes if _is_digest(note.digest)}
    values = {"digests": array_of([bytes.fromhex(one or "") for one in digests])}
    found = {row.digest.hex(): row.id for row in db.session.execute(text(_KNOWN), values).all()}
    former = [one for note in notes if not note.digest and (one := _id(note.subscriber))]
    return found | {str(one): now for one, now in lost.now_known(former).items()}


_KNOWN = "SELECT digest, id FROM subscribers WHERE digest = ANY (CAST(:digests AS bytea[]))"


def leaving(line: Line, people: Known) -> Leaving | None:
    """What a line asks for, None for what has a verb of its own; raises JournalError for anything
    but a "no"."""
    note = line.note
    try:
        if note.kind in OTHERS:
            OTHERS[note.kind].demand(note)
            return None
        bytes.fromhex(note.digest or "")
        return Leaving(
            subscriber_id=people.get(note.digest or note.subscriber) or UUID(note.subscriber),
            scope=Scope(note.scope).checked(),
            kind=Kind(note.kind),
            source=note.source,
            patience=0,
            said_at=line.at,
        )
    except destroyed.NotOurs:
        raise JournalError(
            f"Line {line.sequence} of the withdrawal journal says that somebody was destroyed, and "
            "was not written under this KELISIM_SUPPRESSION_KEY. Put back the key that this "
            "installation has always had; where it is that one, somebody else has written the "
            "line: put back an untouched copy. Sending stays off until then."
        ) from None
    except ValueError:
        raise JournalError(
            f"Line {line.sequence} of the withdrawal journal is no leaving. Put back an untouched "
            "copy; sending stays off until then."
        ) from None


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _is_digest(text: str | None) -> bool:
    try:
        return bool(bytes.fromhex(text or ""))
    except ValueError:
        return False
