"""Replay: what the journal holds and the database does not is applied; tampering stops sending."""

from dataclasses import dataclass
from uuid import UUID

import structlog

from mailing.base import installation
from mailing.base.database import db
from mailing.leaving import leave, marks, reading
from mailing.leaving.journal import START, Journal, JournalError, Line, Place
from mailing.leaving.leave import Leaving

_log = structlog.get_logger()


@dataclass(frozen=True)
class _Settled:
    """How far this process has found a journal and the database to agree, and its file then."""

    place: Place
    signature: tuple[int, ...]


# A line that the database lacks, and what it asks for; None for what is no leaving.
_Missing = tuple[Leaving | None, Line]

# A journal grows for ever and is looked at every second: 100,000 lines take 2.2 s to read
# anew. What was found whole once is only hashed again, and only after the file has changed.
_settled: dict[UUID, _Settled] = {}


def run() -> int:
    """Compare the journal with the database and apply what is missing there; how many lines.

    Where the journal is missing, or is not what the database recorded, sending is switched
    off with the reason, and the web stays up. Commits.
    """
    try:
        journal = marks.own_journal()
        known, signature = _known(journal), journal.signature()
        if known is not None and known.signature == signature:
            db.session.commit()
            return 0
        place, missing = _compare(journal, known)
        _cut_torn_line(journal)
    except (JournalError, OSError) as error:
        _switch_off(str(error))
        return 0
    db.session.commit()
    for leaving, line in missing:
        _apply(leaving, journal, line)
    _settled[journal.id] = _Settled(place, signature)
    return len(missing)


def _apply(leaving: Leaving | None, journal: Journal, line: Line) -> None:
    if leaving is not None:
        leave.record(leaving, (journal, line))
        return
    reading.OTHERS[line.note.kind].apply(journal.id, line)
    db.session.commit()


def _switch_off(reason: str) -> None:
    db.session.rollback()
    if installation.here().sending_off_reason != reason:
        installation.switch_sending(False, reason)
        _log.error("sending is off", reason=reason)
    db.session.commit()


def _known(journal: Journal) -> _Settled | None:
    """What was settled, unless the database has forgotten it since (it was restored)."""
    known = _settled.get(journal.id)
    if known and marks.count(journal.id, known.place.sequence) == known.place.sequence:
        return known
    return None


def _compare(journal: Journal, known: _Settled | None) -> tuple[Place, list[_Missing]]:
    """The place at the journal's end, and what the database lacks; raises JournalError."""
    since = known.place if known else START
    # Asked before the file is read: what is recorded meanwhile is in the file, too.
    recorded = marks.applied(journal.id, after=since.sequence)
    text = journal.text()
    if not since.is_in(text):
        return _compare(journal, None)
    lines = list(journal.lines_of(text, since))
    demand_recorded(journal, recorded, lines)
    missing = [line for line in lines if line.sequence not in recorded]
    people = reading.known(missing)
    return since.after(text, lines), [(reading.leaving(line, people), line) for line in missing]


def demand_recorded(journal: Journal, recorded: dict[int, str], lines: list[Line]) -> None:
    """Raises JournalError where a line that the database has recorded is not in the file so."""
    written = {line.sequence: line.hash for line in lines}
    for sequence, hashed in recorded.items():
        if written.get(sequence) != hashed:
            raise JournalError(
                f"Line {sequence} of the withdrawal journal {journal.path} is missing or changed. "
                "Put back an untouched copy; sending stays off until then."
            )


def _cut_torn_line(journal: Journal) -> None:
    """Cut what a crash left unfinished. What the database has recorded was refused before."""
    torn = journal.cut_torn_line()
    if torn:
        _log.warning("a torn line was cut from the withdrawal journal", octets=torn)
