"""The import: chunk by chunk, so that memory stays flat and nobody is held for long."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4
from zoneinfo import ZoneInfo

from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.settings import current
from mailing.people import topics
from mailing.people.imports import table
from mailing.people.imports.persons import Persons
from mailing.people.imports.report import Fault, ImportReport, Outcome, Tally
from mailing.people.imports.rows import Reader, Refused, Row
from mailing.people.imports.table import Record
from mailing.people.imports.work import Attestation, Rehearsal, Work
from mailing.people.topics import NOTICES, Topic
from mailing.staff.audit import Actor

CHUNK = 1000
_TRIES = 10

Read = tuple[Record, Row | Fault]


@dataclass(frozen=True)
class ImportFile:
    """What to import: `mapping` gives our name for each column that is named otherwise."""

    path: Path
    topic_slug: str
    mapping: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False


@dataclass(frozen=True)
class Steps:
    """What the door does after each chunk: commit, and tell how many rows are behind."""

    checkpoint: Callable[[], None] = lambda: None
    progress: Callable[[int], None] = lambda rows: None


ALL_AT_ONCE = Steps()


def import_people(file: ImportFile, actor: Actor, steps: Steps = ALL_AT_ONCE) -> ImportReport:
    """Import earlier form submissions row by row (policy 5.1); a dry run counts and writes nothing.

    An evidenced row is attested, any other waits in quarantine, and nobody's no is touched.
    Run again, after a kill too, it finds its own work done. Raises `Invalid`, before anything
    is written, for a file that is not UTF-8 or holds an undeclared column, and `Missing` for
    an unknown topic.
    """
    topic = _topic(file.topic_slug)
    with file.path.open("rb") as opened:
        sha256 = table.fingerprint(opened)
        with Tally(_errors_file(sha256)) as tally:
            course = Course(
                topic,
                file.mapping,
                tally,
                lambda: _work(file, topic, sha256, actor),
                file.dry_run,
            )
            through(opened, course, steps)
    return tally.report()


@dataclass(frozen=True)
class Course:
    """One way through a file; what `tally` has counted already is passed over."""

    topic: Topic
    mapping: Mapping[str, str]
    tally: Tally
    begin: Callable[[], Work]
    is_rehearsal: bool = False


def through(source: BinaryIO, course: Course, steps: Steps) -> None:
    """Take the rows of a file of UTF-8 chunk by chunk. Raises as `import_people` does."""
    zone, tally = ZoneInfo(current().time_zone), course.tally
    with table.as_text(source) as content:
        records = table.records(content, course.mapping, clock.today(zone.key))
        reader = Reader(course.topic, zone)
        tally.go_on_behind(_pass(records, tally.counts.total()))
        work = course.begin()
        for chunk in _ahead(_chunks(records, reader)):
            _take(chunk, work, tally)
            tally.flush()
            work.note({outcome.value: count for outcome, count in tally.counts.items()})
            if not course.is_rehearsal:  # What it remembers ends with its connection.
                steps.checkpoint()
            steps.progress(tally.counts.total())
        work.end()


def _pass(records: Iterator[Record], rows: int) -> int:
    """Pass over so many rows; the number of the last one."""
    number = 1
    for record in islice(records, rows):
        number = record.number
    return number


def _topic(slug: str) -> Topic:
    if slug == NOTICES:
        raise Invalid("Nobody is imported for notices: they come with every topic.")
    return topics.find(slug)


def _work(file: ImportFile, topic: Topic, sha256: str, actor: Actor) -> Work:
    if file.dry_run:
        return Rehearsal(topic.id)
    return Attestation.begin(topic.id, sha256, actor)


def _errors_file(sha256: str) -> Path:
    """A new name for each run, told apart by its file's hash; made only where it is needed."""
    directory = current().var.resolve() / "imports"
    return directory / f"{sha256[:12]}-{uuid4().hex[:8]}-errors.csv"


def _chunks(records: Iterator[Record], reader: Reader) -> Iterator[list[Read]]:
    while chunk := list(islice(records, CHUNK)):
        yield [_read(record, reader) for record in chunk]


def _ahead(chunks: Iterator[list[Read]]) -> Iterator[list[Read]]:
    """The same, each read while the database works on the one before: a fifth of the time."""
    with ThreadPoolExecutor(1, "reading ahead") as thread:
        coming = thread.submit(next, chunks, None)
        while chunk := coming.result():
            coming = thread.submit(next, chunks, None)
            yield chunk


def _read(record: Record, reader: Reader) -> Read:
    try:
        return record, reader.read(record)
    except Refused as refused:
        return record, refused.fault


def _take(chunk: list[Read], work: Work, tally: Tally) -> None:
    """Take a chunk; begun again where somebody else has made one of its strangers meanwhile."""
    for _ in range(_TRIES):
        with suppress(IntegrityError, UniqueViolation), db.session.begin_nested():
            outcomes = _outcomes(chunk, work)
            break
    else:
        outcomes = _outcomes(chunk, work)
    for (record, row), outcome in zip(chunk, outcomes, strict=True):
        tally.count(record, outcome, _fault(row, outcome))


def _outcomes(chunk: list[Read], work: Work) -> list[Outcome]:
    """What each row comes to, kept.

    Everybody is looked at; only those of whom something would change are held, looked at again and
    taken anew. Most of a file that comes again changes nothing, and a held row is a written row:
    a million of them took longer than importing them.
    """
    rows = [row for _, row in chunk if isinstance(row, Row)]
    met = work.meet(rows)
    taken = _taken(rows, met)
    changing = [row for row in rows if met[row.digest].is_to_be_held]
    if changing:
        met |= work.hold(changing)
        taken |= _taken(changing, met)
    work.keep(met)
    return [taken[row.number] if isinstance(row, Row) else Outcome.INVALID for _, row in chunk]


def _taken(rows: list[Row], met: Persons) -> dict[int, Outcome]:
    return {row.number: met[row.digest].take(row) for row in rows}


def _fault(row: Row | Fault, outcome: Outcome) -> Fault | None:
    if isinstance(row, Fault):
        return row
    return row.doubt if outcome is Outcome.QUARANTINED else None
