"""Replay: what the journal holds and the database does not is applied; tampering stops sending."""

from uuid import UUID

import structlog
from sqlalchemy import select

from mailing.base import installation
from mailing.base.database import db
from mailing.leaving import leave, marks
from mailing.leaving.journal import Journal, JournalError, Line
from mailing.leaving.leave import Leaving
from mailing.leaving.scope import Scope
from mailing.people.ledger import Kind
from mailing.people.subscribers import Subscriber

_log = structlog.get_logger()


def run() -> int:
    """Compare the journal with the database and apply what is missing there; how many lines.

    Where the journal is missing, or is not what the database recorded, sending is switched
    off with the reason, and the web stays up. Commits.
    """
    try:
        journal = marks.own_journal()
        torn = journal.cut_torn_line()
        if torn:
            _log.warning("a torn line was cut from the withdrawal journal", octets=torn)
        missing = _missing(journal)
    except JournalError as error:
        db.session.rollback()
        installation.switch_sending(False, error.message)
        db.session.commit()
        _log.error("sending is off", reason=error.message)
        return 0
    db.session.commit()
    for line in missing:
        _apply(journal, line)
    return len(missing)


def _missing(journal: Journal) -> list[Line]:
    recorded = marks.applied(journal.id)
    lines = list(journal.lines())
    written = {line.sequence: line.hash for line in lines}
    for sequence, known in recorded.items():
        if written.get(sequence) != known:
            raise JournalError(
                f"Line {sequence} of the withdrawal journal {journal.path} is missing or changed. "
                "Put back an untouched copy; sending stays off until then."
            )
    return [line for line in lines if line.sequence not in recorded]


def _apply(journal: Journal, line: Line) -> None:
    note = line.note
    subscriber_id = _subscriber(note.digest) or UUID(note.subscriber)
    leaving = Leaving(
        subscriber_id=subscriber_id,
        scope=Scope(note.scope),
        kind=Kind(note.kind),
        source=note.source,
        patience=0,
    )
    leave.record(leaving, journal, line)


def _subscriber(digest: str | None) -> UUID | None:
    if digest is None:
        return None
    query = select(Subscriber.id).where(Subscriber.digest == bytes.fromhex(digest))
    return db.session.scalars(query).one_or_none()
