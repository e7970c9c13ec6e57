"""Is the withdrawal journal there, whole, and what the database knows of it?"""

import os
from pathlib import Path

from sqlalchemy import select

from console.doctor.finding import Finding, fine, look, wrong
from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.leaving import marks
from mailing.leaving.journal import Journal, JournalError
from mailing.leaving.marks import KnownJournal


def journal(settings: Settings) -> Finding:
    """Read every line and compare it with the database; nothing is written or replayed."""
    directory = settings.journal
    if not db.session.scalars(select(KnownJournal.id)).first():
        return _not_begun(directory)
    try:
        found = Journal(directory)
        written = {line.sequence: line.hash for line in found.lines()}
    except JournalError as error:
        return wrong("journal", error.message)
    recorded = marks.applied(found.id)
    changed = [n for n, known in recorded.items() if written.get(n) != known]
    if changed:
        return wrong("journal", f"line {changed[0]} of {found.path} is missing or changed")
    if not os.access(found.path, os.W_OK):
        return wrong("journal", f"{found.path} cannot be written")
    waiting = len(written) - len(recorded)
    said = f"{directory}: {len(written)} lines"
    return (
        look("journal", f"{said}, {waiting} to be replayed") if waiting else fine("journal", said)
    )


def _not_begun(directory: Path) -> Finding:
    place = next((one for one in (directory, *directory.parents) if one.exists()), directory)
    if not os.access(place, os.W_OK):
        return wrong("journal", f"{place} cannot be written")
    return fine("journal", f"{directory}, begun with the first leaving")
