"""Progress: how far a destruction has come, table by table, and what is told of it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Integer, SmallInteger, Text, select
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.database import OPERATIONAL, Table, db

WAITING, DONE, HELD = "waiting", "done", "held"


class DestructionStep(Table):
    """One table of one destruction: how many rows there were, how many were erased, how many are
    left."""

    __tablename__ = "destruction_steps"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'done', 'held')", name="destruction_step_is_known"),
    )

    destruction_id: Mapped[int] = mapped_column(
        ForeignKey("destructions.id"), primary_key=True, info=OPERATIONAL
    )
    name: Mapped[str] = mapped_column(Text, primary_key=True, info=OPERATIONAL)
    place: Mapped[int] = mapped_column(SmallInteger, info=OPERATIONAL)
    state: Mapped[str] = mapped_column(Text, server_default=WAITING, info=OPERATIONAL)
    before: Mapped[int] = mapped_column(Integer, info=OPERATIONAL)
    erased: Mapped[int] = mapped_column(Integer, server_default="0", info=OPERATIONAL)
    remaining: Mapped[int | None] = mapped_column(Integer, info=OPERATIONAL)
    done_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True), info=OPERATIONAL)


def of(destruction_id: int) -> list[DestructionStep]:
    """Every step in its order, as it is now."""
    query = select(DestructionStep).where(DestructionStep.destruction_id == destruction_id)
    fresh = query.order_by(DestructionStep.place).execution_options(populate_existing=True)
    return list(db.session.scalars(fresh))


def held(destruction_id: int) -> frozenset[str]:
    """The tables that a legal hold keeps."""
    return frozenset(one.name for one in of(destruction_id) if one.state == HELD)
