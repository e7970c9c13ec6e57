"""The withdrawal journals that a restore is given: whole, of this installation, and all of them."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from mailing.backups import disk
from mailing.backups.manifest import Manifest
from mailing.base.errors import Conflict
from mailing.leaving import reading
from mailing.leaving.journal import START, Journal, JournalError, Line

Gathered = list[tuple[Journal, list[Line]]]

_FILES = ("withdrawals.jsonl", "end", "id")


def gather(manifest: Manifest, directories: Iterable[Path], trust_end: bool = False) -> Gathered:
    """Read the journals, each from its first line to its last; of copies the longest counts.

    Raises JournalError where one is missing, broken, cut short or of another installation, where
    two copies tell different stories, and where a line asks for anything but a "no".
    """
    found: dict[str, tuple[Journal, list[Line]]] = {}
    for directory in _each_once(directories):
        journal, lines = _read(directory, manifest, trust_end)
        for line in lines:
            reading.leaving(line, {})
        before = found.get(str(journal.id))
        found[str(journal.id)] = _longest(before, (journal, lines)) if before else (journal, lines)
    missing = [one for one in manifest.journals if one not in found]
    if missing:
        raise JournalError(
            f"The withdrawal journal {missing[0]} is missing: without it, whoever has left since "
            "the backup would be mailed again. Name its directory with --journal."
        )
    return list(found.values())


def own(place: Path, manifest: Manifest) -> list[Path]:
    """KELISIM_JOURNAL_DIR, where it holds a journal of this installation: whoever names an older
    copy of it loses no "no"."""
    if not (place / "withdrawals.jsonl").exists():
        return []
    return [place] if str(Journal(place).id) in manifest.journals else []


def demand_place(place: Path, journals: Gathered) -> None:
    """Raises Conflict where KELISIM_JOURNAL_DIR holds lines that none of these journals has."""
    if not (place / "withdrawals.jsonl").exists():
        return
    own = Journal(place)
    # What was given is proved line by line; octets that it begins with are so, too.
    given = next((journal.text() for journal, _ in journals if journal.id == own.id), b"")
    if not given.startswith(own.text()):
        raise Conflict(
            f"{place} holds another withdrawal journal. Name it with --journal, too, where it is "
            "this installation's; else set KELISIM_JOURNAL_DIR to a new directory."
        )


def put_in_place(place: Path, journals: Gathered) -> None:
    """Have the journal where this host goes on writing it."""
    if not journals:
        return
    here = Journal(place) if (place / "withdrawals.jsonl").exists() else None
    given = {journal.id: journal for journal, _ in journals}
    journal = given.get(here.id, journals[0][0]) if here else journals[0][0]
    if here is not None and here.id == journal.id and here.text() == journal.text():
        return
    disk.make_directory(place)
    for name in _FILES:
        _copy(journal, name, place / name)


def _copy(journal: Journal, name: str, to: Path) -> None:
    source = journal.path.parent / name
    if name == journal.path.name:
        disk.write(to, journal.text())
    elif source.exists():
        disk.write(to, source.read_bytes())
        shutil.copymode(source, to)


def _each_once(directories: Iterable[Path]) -> list[Path]:
    """A hundred thousand lines take seconds to prove, and no place needs it twice."""
    places: dict[Path, Path] = {}
    for one in directories:
        places.setdefault(one.resolve(), one)
    return list(places.values())


def _read(directory: Path, manifest: Manifest, trust_end: bool) -> tuple[Journal, list[Line]]:
    journal = Journal(directory)
    if str(journal.id) not in manifest.journals:
        raise JournalError(
            f"The journal in {directory} belongs to another installation: this backup does not "
            "know it. Name the directory of its own."
        )
    lines = list(journal.lines_of(journal.text(), START))
    if not trust_end:
        journal.demand_end(lines)
    return journal, lines


def _longest(
    one: tuple[Journal, list[Line]], other: tuple[Journal, list[Line]]
) -> tuple[Journal, list[Line]]:
    shorter, longer = sorted((one, other), key=lambda copy: len(copy[1]))
    if longer[1][: len(shorter[1])] != shorter[1]:
        raise JournalError(
            f"{one[0].path} and {other[0].path} are of one journal and tell different stories. Two "
            "installations have written on the same one; find out which was in use."
        )
    return longer
