"""What a worker does with an uploaded import. One at a time, and from where the last one died."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text, update

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import KelisimError
from mailing.base.settings import current
from mailing.people.imports import state, uploads
from mailing.people.imports.report import Outcome, Tally
from mailing.people.imports.run import Course, Steps, through
from mailing.people.imports.sealed import Opened
from mailing.people.imports.state import Import, State
from mailing.people.imports.table import fingerprint
from mailing.people.imports.work import Attestation, Rehearsal
from mailing.people.subscribers import Sealer
from mailing.people.topics import Topic
from mailing.staff import audit

MOST_TRIES = 5
# Advisory locks of PostgreSQL end with the connection, so a dead worker holds nothing.
_LOCKS = 0x494D50
_TAKE = text(f"SELECT pg_try_advisory_lock({_LOCKS}, :id)")
_DUE = text(f"""
    SELECT id FROM imports i WHERE size IS NOT NULL AND state IN ('checking', 'importing')
        AND NOT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
            WHERE l.locktype = 'advisory' AND l.classid = {_LOCKS} AND l.objid = i.id
            AND d.datname = current_database() AND l.granted)
    ORDER BY id
""")  # noqa: S608 - the number is ours


class Over(Exception):
    """It was cancelled, or this process is to end: nothing more may be kept."""


def due() -> list[int]:
    """The imports that wait for a worker."""
    return list(db.session.scalars(_DUE))


def work_on(import_id: int, commit: Callable[[], None], is_ending: Callable[[], bool]) -> None:
    """Rehearse or import, chunk by chunk; nothing where another worker is at it.

    Whatever ends it leaves the rows that were committed and their counts; called again, it goes
    on behind them.
    """
    with _alone(import_id) as is_ours:
        kept = state.find(import_id)
        if not is_ours or not kept.is_moving or not uploads.file_of(kept).exists():
            return
        _note_try(kept)
        commit()
        try:
            if kept.is_moving:
                _go_through(kept, commit, is_ending)
        except Over:
            db.session.rollback()
        except KelisimError as refusal:
            db.session.rollback()
            _refuse(state.lock(import_id), refusal.message)
        commit()


def first_faults(kept: Import) -> list[dict[str, Any]]:
    """The first rows that were refused or wait in quarantine, with what stood in them, for as
    long as that is kept; `values` in the order of the file's columns."""
    return [one | {"values": dict(one["values"])} for one in _first(kept)]


def _first(kept: Import) -> list[dict[str, Any]]:
    if kept.faults is None:
        return []
    found: list[dict[str, Any]] = Sealer().open(kept.faults, _about(kept.id))["faults"]
    return found


def _go_through(kept: Import, commit: Callable[[], None], is_ending: Callable[[], bool]) -> None:
    import_id, before = kept.id, State(kept.state)
    behind = _first(kept) if before is State.IMPORTING else []
    tally = Tally(uploads.errors_of(kept), _counted(kept), behind)

    def checkpoint() -> None:
        if before is State.IMPORTING:
            _note(db.session, import_id, before, tally)
            commit()

    def progress(_: int) -> None:
        if before is State.CHECKING:  # Its own transaction goes on to the end and is never kept.
            with db.engine.begin() as beside:
                _note(beside, import_id, before, tally)
        if is_ending():
            raise Over

    with Opened(current(), uploads.file_of(kept)) as opened, tally:
        fingerprint(opened)  # type: ignore[arg-type]
        through(opened, _course(kept, tally), Steps(checkpoint, progress))  # type: ignore[arg-type]
    _finish(state.lock(import_id), tally)


def _course(kept: Import, tally: Tally) -> Course:
    topic = db.session.get_one(Topic, kept.topic_id)
    in_earnest = Attestation(topic.id, kept.sha256, kept.by, kept.id)
    is_rehearsal = kept.state == State.CHECKING
    return Course(
        topic,
        kept.mapping,
        tally,
        begin=(lambda: Rehearsal(topic.id)) if is_rehearsal else (lambda: in_earnest),
        is_rehearsal=is_rehearsal,
    )


def _counted(kept: Import) -> dict[Outcome, int]:
    """What is behind: nothing of a dry run, whose memory died with its connection."""
    if kept.state == State.CHECKING:
        return {}
    return {Outcome(name): number for name, number in kept.counts.items()}


def _note(database: Any, import_id: int, before: State, tally: Tally) -> None:
    """Keep how far it has come, with the chunk. Raises `Over` once it is cancelled."""
    values: dict[str, Any] = {"tries": 0, "faults": _sealed(import_id, tally)}
    if before is State.CHECKING:
        values["rehearsal"] = {one.value: number for one, number in tally.counts.items()}
    query = update(Import).where(Import.id == import_id, Import.state == before.value)
    if database.execute(query.values(values).returning(Import.id)).first() is None:
        raise Over


def _finish(kept: Import, tally: Tally) -> None:
    counts = {one.value: tally.counts[one] for one in Outcome}
    if kept.state == State.CHECKING:
        kept.state, kept.rehearsal = State.CHECKED.value, counts
    elif kept.state == State.DONE:
        kept.counts = counts
        rows = tally.counts.total()
        audit.record(kept.by, "people imported", f"import {kept.id}", rows=rows, **counts)


def _note_try(kept: Import) -> None:
    kept.tries += 1
    if kept.tries > MOST_TRIES:
        _refuse(kept, "It failed several times at the same place. Tell whoever looks after this.")


def _refuse(kept: Import, problem: str) -> None:
    if kept.is_moving:
        kept.state, kept.problem, kept.finished_at = State.REFUSED.value, problem, clock.now()


def _sealed(import_id: int, tally: Tally) -> bytes | None:
    return Sealer().seal({"faults": tally.first}, _about(import_id)) if tally.first else None


def _about(import_id: int) -> bytes:
    return f"import {import_id}".encode()


@contextmanager
def _alone(import_id: int) -> Iterator[bool]:
    """Whether nobody else is at this import; whoever is ours keeps the others out."""
    connection = db.engine.connect()
    connection.detach()
    try:
        yield bool(connection.scalar(_TAKE, {"id": import_id}))
    finally:
        connection.close()
