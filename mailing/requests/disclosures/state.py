"""The rows of disclosures: who asked for one and on what ground, who decided it, what went out."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, Text, select
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.database import DEPERSONALISED, OPERATIONAL, PERSONAL, Table, db
from mailing.base.errors import Missing
from mailing.people.subscribers import Sealer

At = TIMESTAMP(timezone=True)


class State(StrEnum):
    """Where a disclosure stands."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    EXPORTED = "exported"


@dataclass(frozen=True)
class Grounds:
    """Why data go out: the article of the law, the authority that receives them, the reason in its
    own words (its letter's number, say). All are kept sealed; the reason may name somebody, and
    goes with the first of the people whom it is about, the two others never do, and stay."""

    basis: str
    authority: str
    reason: str


class Disclosure(Table):
    """One disclosure. Whoever decides it is never whoever asked for it: the database refuses."""

    __tablename__ = "disclosures"
    __table_args__ = (
        CheckConstraint(
            "state IN ('asked', 'approved', 'refused', 'exported')",
            name="disclosure_state_is_known",
        ),
        CheckConstraint("decided_by <> asked_by", name="disclosure_is_approved_by_a_second_person"),
        CheckConstraint(
            "(state = 'asked') = (decided_by IS NULL)",
            name="disclosure_is_decided_before_it_goes",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, info=OPERATIONAL)
    state: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    sealed: Mapped[bytes] = mapped_column(LargeBinary, info=OPERATIONAL)
    reason: Mapped[bytes | None] = mapped_column(LargeBinary, info=PERSONAL)
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text), info=DEPERSONALISED)
    asked_by: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    decided_by: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    exported_by: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    rows: Mapped[int] = mapped_column(Integer, info=OPERATIONAL)
    sha256: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    created_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    decided_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    exported_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)

    @property
    def grounds(self) -> Grounds:
        """Why the data go out."""
        sealer, about = Sealer(), self.id.bytes
        kept = sealer.open(self.reason, about)["reason"] if self.reason else ""
        return Grounds(**sealer.open(self.sealed, about), reason=kept)


class DisclosedPerson(Table):
    """Whose data a disclosure holds."""

    __tablename__ = "disclosed_people"
    __table_args__ = (Index("disclosures_of_subscriber", "subscriber_id"),)

    disclosure_id: Mapped[UUID] = mapped_column(
        ForeignKey("disclosures.id"), primary_key=True, info=OPERATIONAL
    )
    subscriber_id: Mapped[UUID] = mapped_column(
        ForeignKey("subscribers.id"), primary_key=True, info=DEPERSONALISED
    )


def find(disclosure_id: UUID) -> Disclosure:
    """Raises Missing."""
    found = db.session.get(Disclosure, disclosure_id, populate_existing=True)
    return _there(found)


def lock(disclosure_id: UUID) -> Disclosure:
    """The disclosure, held against every other act until the commit; raises Missing."""
    query = select(Disclosure).where(Disclosure.id == disclosure_id).with_for_update()
    found = db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    return _there(found)


def newest(most: int = 200) -> list[Disclosure]:
    """All of them, the newest first."""
    query = select(Disclosure).order_by(Disclosure.created_at.desc()).limit(most)
    return list(db.session.scalars(query))


def people_of(disclosure_id: UUID) -> list[UUID]:
    """Whose data it holds."""
    query = select(DisclosedPerson.subscriber_id).where(
        DisclosedPerson.disclosure_id == disclosure_id
    )
    return list(db.session.scalars(query.order_by(DisclosedPerson.subscriber_id)))


def of_subscriber(subscriber_id: UUID) -> list[Disclosure]:
    """The disclosures that went out and hold somebody's data, the oldest first."""
    named = select(DisclosedPerson.disclosure_id).where(
        DisclosedPerson.subscriber_id == subscriber_id
    )
    query = select(Disclosure).where(
        Disclosure.id.in_(named), Disclosure.state == State.EXPORTED.value
    )
    return list(db.session.scalars(query.order_by(Disclosure.exported_at)))


def _there(found: Disclosure | None) -> Disclosure:
    if found is None:
        raise Missing("There is no such disclosure.")
    return found
