"""An import: who began it, from which file, and how far it has come."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import OPERATIONAL, PERSONAL, Table, db
from mailing.base.errors import Missing
from mailing.staff.audit import Actor
from mailing.staff.staff import Role

At = DateTime(timezone=True)


class State(StrEnum):
    """How far an import has come. `checking` is its dry run."""

    UPLOADED = "uploaded"
    CHECKING = "checking"
    CHECKED = "checked"
    IMPORTING = "importing"
    DONE = "done"
    REFUSED = "refused"
    CANCELLED = "cancelled"


MOVING = (State.CHECKING, State.IMPORTING)
WAITING = (State.UPLOADED, State.CHECKED)
ENDED = (State.DONE, State.REFUSED, State.CANCELLED)


class Import(Table):
    """One import that was begun; `counts` tells how far it has come, also after a kill.

    `size` is that of the file that was uploaded, None for one that a command reads. `faults`
    are the first rows that were refused, sealed, for as long as the file is kept.
    """

    __tablename__ = "imports"
    __table_args__ = (
        CheckConstraint(
            "state IN ('uploaded', 'checking', 'checked', 'importing', 'done', 'refused', "
            "'cancelled')",
            name="import_state_is_known",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=OPERATIONAL)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), info=OPERATIONAL)
    sha256: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    actor: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    counts: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), info=OPERATIONAL
    )
    created_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    finished_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    state: Mapped[str] = mapped_column(Text, server_default="importing", info=OPERATIONAL)
    role: Mapped[str] = mapped_column(Text, server_default="admin", info=OPERATIONAL)
    size: Mapped[int | None] = mapped_column(BigInteger, info=OPERATIONAL)
    mapping: Mapped[dict[str, str]] = mapped_column(
        JSONB, server_default=text("'{}'"), info=OPERATIONAL
    )
    rehearsal: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), info=OPERATIONAL
    )
    faults: Mapped[bytes | None] = mapped_column(LargeBinary, info=PERSONAL)
    problem: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    tries: Mapped[int] = mapped_column(server_default=text("0"), info=OPERATIONAL)

    @property
    def by(self) -> Actor:
        """Whoever began it."""
        return Actor(self.actor, Role(self.role))

    @property
    def is_moving(self) -> bool:
        """Whether a worker is, or should be, at it."""
        return self.state in MOVING


def begin(topic_id: int, sha256: str, actor: Actor, **values: Any) -> Import:
    """Note an import that begins."""
    begun = Import(
        topic_id=topic_id,
        sha256=sha256,
        actor=actor.name,
        role=actor.role.value,
        created_at=clock.now(),
        **values,
    )
    db.session.add(begun)
    db.session.flush()
    return begun


def find(import_id: int) -> Import:
    """The import of this number. Raises `Missing`."""
    return _found(db.session.get(Import, import_id, populate_existing=True), import_id)


def lock(import_id: int) -> Import:
    """The same, held until the commit."""
    held = db.session.get(Import, import_id, populate_existing=True, with_for_update=True)
    return _found(held, import_id)


def latest(limit: int) -> list[Import]:
    """The newest first."""
    return list(db.session.query(Import).order_by(Import.id.desc()).limit(limit))


def _found(found: Import | None, import_id: int) -> Import:
    if found is None:
        raise Missing(f"There is no import {import_id}.")
    return found
