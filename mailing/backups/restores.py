"""Restores: each one, and whether it came to its end. Until it has, nothing may be sent."""

from datetime import datetime
from typing import Any

from sqlalchemy import Text, func, select, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import NotReady

At = TIMESTAMP(timezone=True)

UNFINISHED = (
    "A restore was broken off, so nobody knows what was sent and who has left since the backup. "
    "Drop this database, create an empty one, and run kelisim restore again."
)


class Restore(Table):
    """One restore; `told` is what it answered."""

    __tablename__ = "restores"

    id: Mapped[int] = mapped_column(primary_key=True, info=OPERATIONAL)
    backup_id: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    made_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    begun_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    finished_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    told: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), info=OPERATIONAL
    )


def under_way() -> Restore:
    """The one that was begun last."""
    return db.session.scalars(select(Restore).order_by(Restore.id.desc()).limit(1)).one()


def finish(told: dict[str, Any]) -> None:
    """Note that it has come to its end, and with what."""
    row = under_way()
    row.finished_at, row.told = clock.now(), told


def demand_finished() -> None:
    """Raises NotReady while a restore has not come to its end."""
    broken_off = select(func.count()).where(Restore.finished_at.is_(None))
    if db.session.scalars(broken_off).one():
        raise NotReady(UNFINISHED)
