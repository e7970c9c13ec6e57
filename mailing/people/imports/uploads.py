"""An import by the studio: uploaded, mapped, rehearsed, then imported by a worker, or cancelled."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from secrets import token_hex

from sqlalchemy import select

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.base.installation import note_data_key
from mailing.base.jobs import IMPORT, ring
from mailing.base.settings import Settings, current
from mailing.people import topics
from mailing.people.imports import state, table
from mailing.people.imports.sealed import Opened, Writer
from mailing.people.imports.state import ENDED, MOVING, WAITING, Import, State
from mailing.people.topics import NOTICES
from mailing.staff import audit
from mailing.staff.audit import Actor

KEPT = timedelta(days=1)
_PART, _SEALED = ".part", ".sealed"


def receive(settings: Settings) -> Writer:
    """Where an upload goes while it comes."""
    return Writer(settings, _place(settings) / f"{token_hex(16)}{_PART}")


def keep(part: Writer, topic_slug: str, actor: Actor) -> Import:
    """Keep what has been received as an import of this topic. Raises `Invalid`, `Missing`."""
    if topic_slug == NOTICES:
        raise Invalid("Nobody is imported for notices: they come with every topic.", "topic")
    if not part.size:
        raise Invalid("The file is empty. Choose the file that holds the people.", "file")
    topic = topics.find(topic_slug)
    note_data_key()
    kept = state.begin(topic.id, part.sha256, actor, state=State.UPLOADED.value, size=part.size)
    part.finish()
    part.path.rename(file_of(kept))
    _record(kept, actor, "import uploaded", sha256=kept.sha256, size=part.size)
    return kept


def columns(kept: Import) -> list[str]:
    """The columns of the file, as it names them. Raises `Invalid` for one that is not text."""
    with Opened(current(), _there(kept)) as opened, table.as_text(opened) as content:  # type: ignore[arg-type]
        return table.names(content)


def check(import_id: int, mapping: Mapping[str, str], actor: Actor) -> Import:
    """Have it rehearsed with this mapping. Raises `Invalid` that names an undeclared column."""
    kept = _held(import_id, WAITING)
    if any("\0" in name for name in mapping):
        raise Invalid("The file's first line is no header of columns; it holds a NUL.")
    with Opened(current(), _there(kept)) as opened, table.as_text(opened) as content:  # type: ignore[arg-type]
        table.records(content, mapping, clock.today(current().time_zone))
    kept.mapping, kept.rehearsal, kept.faults = dict(mapping), {}, None
    _move(kept, State.CHECKING)
    return kept


def start(import_id: int, actor: Actor) -> Import:
    """Import it in earnest, as it was rehearsed. Raises `Conflict` where it was not."""
    kept = _held(import_id, (State.CHECKED,))
    kept.actor, kept.role, kept.faults = actor.name, actor.role.value, None
    _move(kept, State.IMPORTING)
    _record(kept, actor, "import started")
    return kept


def cancel(import_id: int, actor: Actor) -> Import:
    """End it: what has been imported stays, the file goes. Raises `Conflict` after its end."""
    kept = _held(import_id, (*WAITING, *MOVING))
    _end(kept, State.CANCELLED)
    _record(kept, actor, "import cancelled", **kept.counts)
    return kept


def forget() -> int:
    """Destroy the files of imports that have ended, and what is older than a day; how many files.

    A file goes after the commit of its import's end: one that went before could be missed.
    """
    old = select(Import).where(Import.size.is_not(None), Import.created_at < clock.now() - KEPT)
    for kept in db.session.scalars(old.where(Import.state.in_((*WAITING, *MOVING)))):
        _end(kept, State.CANCELLED)
    for kept in db.session.scalars(old.where(Import.faults.is_not(None))):
        kept.faults = None
    db.session.flush()
    return _destroy(_files_of_ended()) + _destroy(_old_files())


def file_of(kept: Import) -> Path:
    """Where its file lies, sealed, until its end."""
    return _place(current()) / f"{kept.id}{_SEALED}"


def errors_of(kept: Import) -> Path:
    """Where its errors file lies, once there is an error: of the dry run, then of the import."""
    kind = "dry-run" if kept.state in (State.CHECKING, State.CHECKED) else "import"
    return _place(current()) / f"{kept.id}-{kind}-errors.csv"


def _held(import_id: int, states: tuple[State, ...]) -> Import:
    kept = state.lock(import_id)
    if kept.state not in states:
        raise Conflict("This import has gone on meanwhile. Look at it again.")
    return kept


def _move(kept: Import, to: State) -> None:
    kept.state, kept.tries, kept.problem = to.value, 0, None
    db.session.flush()
    ring(IMPORT, import_id=kept.id)


def _end(kept: Import, end: State) -> None:
    kept.state, kept.finished_at = end.value, clock.now()


def _files_of_ended() -> list[Path]:
    by_id = {int(one.stem): one for one in _place(current()).glob(f"*{_SEALED}")}
    if not by_id:
        return []
    ended = select(Import.id).where(Import.state.in_(ENDED), Import.id.in_(by_id))
    return [by_id[number] for number in db.session.scalars(ended)]


def _old_files() -> list[Path]:
    """Uploads that were cut off, and files whose import was never committed."""
    oldest = clock.now().timestamp() - KEPT.total_seconds()
    files = [*_place(current()).glob(f"*{_PART}"), *_place(current()).glob(f"*{_SEALED}")]
    return [one for one in files if one.stat().st_mtime < oldest]


def _destroy(paths: list[Path]) -> int:
    for path in paths:
        path.unlink(missing_ok=True)
    return len(paths)


def _there(kept: Import) -> Path:
    path = file_of(kept)
    if not path.exists():
        raise Conflict("The file is no longer here. Upload it again.")
    return path


def _place(settings: Settings) -> Path:
    return settings.var.resolve() / "imports"


def _record(kept: Import, actor: Actor, action: str, **details: str | int) -> None:
    audit.record(actor, action, f"import {kept.id}", **details)
