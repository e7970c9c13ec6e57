"""Destructions: decided, cooled off, approved by another, carried out, certified.

Mailing has ended before; here it is decided that the data go, too. The decision cools off for some
working hours, and where two may decide, a second person approves. The deed is in `carrying`.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, select, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, Table, db
from mailing.base.errors import Missing

At = TIMESTAMP(timezone=True)


class State(StrEnum):
    """Where a destruction stands."""

    DECIDED = "decided"
    CARRYING = "carrying"
    DONE = "done"
    CALLED_OFF = "called_off"


class Ground(StrEnum):
    """What it rests on: a request that was granted, the withdrawal journal (a backup brought
    somebody back), a rule of retention."""

    REQUEST = "request"
    JOURNAL = "journal"
    RETENTION = "retention"


class Destruction(Table):
    """One person's. `number` is that of its certificate, given when the deed begins; `repeats` the
    certificate of the first time, where a backup brought the person back."""

    __tablename__ = "destructions"
    __table_args__ = (
        CheckConstraint(
            "ground IN ('request', 'journal', 'retention')", name="destruction_ground_is_known"
        ),
        CheckConstraint(
            "state IN ('decided', 'carrying', 'done', 'called_off')",
            name="destruction_state_is_known",
        ),
        CheckConstraint("approved_by <> decided_by", name="destruction_is_approved_by_another"),
        CheckConstraint(
            "ground <> 'request' OR request_id IS NOT NULL", name="destruction_has_a_ground"
        ),
        CheckConstraint(
            "state NOT IN ('carrying', 'done') OR number IS NOT NULL",
            name="begun_destruction_has_a_number",
        ),
        Index(
            "one_destruction_a_request",
            "request_id",
            unique=True,
            postgresql_where=text("state <> 'called_off'"),
        ),
        Index(
            "one_destruction_at_a_time",
            "subscriber_id",
            unique=True,
            postgresql_where=text("state IN ('decided', 'carrying')"),
        ),
        Index("destructions_of_subscriber", "subscriber_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, info=OPERATIONAL)
    request_id: Mapped[int | None] = mapped_column(ForeignKey("requests.id"), info=OPERATIONAL)
    subscriber_id: Mapped[UUID] = mapped_column(ForeignKey("subscribers.id"), info=DEPERSONALISED)
    ground: Mapped[str] = mapped_column(Text, server_default=Ground.REQUEST, info=OPERATIONAL)
    state: Mapped[str] = mapped_column(Text, server_default=State.DECIDED, info=OPERATIONAL)
    decided_by: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    decided_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    cools_until: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    approved_by: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    approved_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    expedited_by: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    expedited_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    expedited_because: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    number: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    repeats: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    begun_by: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    begun_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    entry_id: Mapped[int | None] = mapped_column(BigInteger, info=OPERATIONAL)
    finished_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    called_off_by: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    called_off_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    tried_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    problem: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)

    @property
    def is_cooling(self) -> bool:
        """Whether somebody may still notice a slip."""
        is_cut_short = self.expedited_at is not None
        return self.state == State.DECIDED and not is_cut_short and self.cools_until > clock.now()

    @property
    def has_begun(self) -> bool:
        """Whether data are going, or have gone."""
        return self.state in (State.CARRYING, State.DONE)


def find(destruction_id: int) -> Destruction:
    """Raises Missing."""
    return _there(db.session.get(Destruction, destruction_id, populate_existing=True))


def lock(destruction_id: int) -> Destruction:
    """The same, held against whoever else would carry it on."""
    held = db.session.get(Destruction, destruction_id, populate_existing=True, with_for_update=True)
    return _there(held)


def of_request(request_id: int) -> Destruction | None:
    """What was decided about a request and not called off."""
    query = select(Destruction).where(
        Destruction.request_id == request_id, Destruction.state != State.CALLED_OFF.value
    )
    return db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def take_back(request_id: int, by: str) -> None:
    """A request that was closed, and may be taken up again, is decided on anew: nobody is destroyed
    by a yes of before. The person is locked."""
    found = of_request(request_id)
    if found and found.state == State.DECIDED and found.ground == Ground.REQUEST:
        found.state = State.CALLED_OFF.value
        found.called_off_by, found.called_off_at = by, clock.now()


def of_subscriber(subscriber_id: UUID) -> list[Destruction]:
    """Everything that was decided about somebody, the oldest first."""
    query = select(Destruction).where(Destruction.subscriber_id == subscriber_id)
    return list(db.session.scalars(query.order_by(Destruction.id)))


def _there(found: Destruction | None) -> Destruction:
    if found is None:
        raise Missing("There is no such destruction.")
    return found
