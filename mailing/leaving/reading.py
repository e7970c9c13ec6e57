"""What a line of the withdrawal journal asks for. Nothing that a file says may ever say yes."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import select

from mailing.base.database import db
from mailing.leaving import departure
from mailing.leaving.journal import JournalError, Line, Note
from mailing.leaving.scope import Scope
from mailing.leaving.wish import Leaving
from mailing.people.ledger import Kind
from mailing.people.subscribers import Subscriber

# The ids of the people who have these digests now.
Known = Mapping[str, UUID]


def known(lines: Iterable[Line]) -> dict[str, UUID]:
    """Whom the lines are about, by the digest in them: an id may be another since."""
    digests = {line.note.digest for line in lines if _is_digest(line.note.digest)}
    query = select(Subscriber.digest, Subscriber.id).where(
        Subscriber.digest.in_([bytes.fromhex(one or "") for one in digests])
    )
    return {row.digest.hex(): row.id for row in db.session.execute(query)}


def leaving(line: Line, people: Known) -> Leaving | None:
    """What a line asks for, None for a departure; raises JournalError for anything but a "no"."""
    note = line.note
    try:
        if note.kind == departure.KIND:
            _demand_departure(note)
            return None
        bytes.fromhex(note.digest or "")
        return Leaving(
            subscriber_id=people.get(note.digest or "") or UUID(note.subscriber),
            scope=Scope(note.scope).checked(),
            kind=Kind(note.kind),
            source=note.source,
            patience=0,
            said_at=line.at,
        )
    except ValueError:
        raise JournalError(
            f"Line {line.sequence} of the withdrawal journal is no leaving. Put back an untouched "
            "copy; sending stays off until then."
        ) from None


def _demand_departure(note: Note) -> None:
    """Raises ValueError where it does not say who left which address."""
    UUID(note.subscriber)
    bytes.fromhex(note.digest or "none")


def _is_digest(text: str | None) -> bool:
    try:
        return bool(bytes.fromhex(text or ""))
    except ValueError:
        return False
