"""Legal holds: what may not be destroyed yet, on a stated basis and until a day.

A hold on everything keeps a person from being destroyed. A hold on some tables lets the rest go;
what it keeps is named in the certificate with its basis and day, and goes once the hold is over.
"""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Date, ForeignKey, Index, Select, Text, select
from sqlalchemy import text as sql_text
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, Table, db
from mailing.base.errors import Conflict, Invalid, Missing
from mailing.base.languages import gettext as _
from mailing.base.settings import current
from mailing.people import subscribers
from mailing.people.subscribers import Subscriber
from mailing.requests import destructions, progress, remarks
from mailing.staff import audit
from mailing.staff.audit import Actor
from mailing.staff.permissions import Act, demand

At = TIMESTAMP(timezone=True)
LONGEST_BASIS = 500
# What a hold may keep while the rest goes: what was written to us and by us.
KEEPABLE = ("inbound_messages", "requests", "answers")


class LegalHold(Table):
    """One hold; `kept` names its tables, none for everything."""

    __tablename__ = "legal_holds"
    __table_args__ = (Index("holds_of_subscriber", "subscriber_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, info=OPERATIONAL)
    subscriber_id: Mapped[UUID] = mapped_column(ForeignKey("subscribers.id"), info=DEPERSONALISED)
    basis: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    kept: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default=sql_text("'{}'"), info=OPERATIONAL
    )
    until: Mapped[date] = mapped_column(Date, info=OPERATIONAL)
    placed_by: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    placed_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    lifted_by: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    lifted_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)

    def says(self, basis: str, until: date, kept: list[str]) -> bool:
        """Whether it keeps the same, on the same basis, until the same day."""
        return (self.basis, self.until, self.kept) == (basis, until, kept)


def place(
    subscriber_id: UUID, basis: str, until: date, actor: Actor, kept: Iterable[str] = ()
) -> LegalHold:
    """Keep somebody's data (these tables of it; none: all) up to and with a day; the same again is
    the same hold. Raises Invalid for a day that has passed, for no basis, and for one that names
    the person, since it stays for ever; Conflict for what has gone, or is going.
    """
    demand(actor.role, Act.DESTROY_PEOPLE)
    person = subscribers.lock(subscriber_id)
    if person is None:
        raise Missing(f"There is no subscriber {subscriber_id}.")
    if until < clock.today(current().time_zone):
        raise Invalid(_("A hold ends on a day that is still to come."), "until")
    stated, named = remarks.clean(basis, person, "basis", LONGEST_BASIS), _keepable(kept)
    _demand_there(subscriber_id, named)
    before = next((one for one in of(subscriber_id) if one.says(stated, until, named)), None)
    if before is not None:
        return before
    placed = LegalHold(
        subscriber_id=subscriber_id,
        basis=stated,
        kept=named,
        until=until,
        placed_by=actor.name,
        placed_at=clock.now(),
    )
    db.session.add(placed)
    db.session.flush()
    told = {"hold": placed.id, "until": until.isoformat(), "kept": placed.kept}
    audit.record(actor, "legal hold placed", f"subscriber {subscriber_id}", **told)
    return placed


def of(subscriber_id: UUID) -> list[LegalHold]:
    """The holds that keep somebody's data today, the one that ends last first."""
    query = select(LegalHold).where(LegalHold.subscriber_id == subscriber_id, _is_in_force())
    return list(db.session.scalars(query.order_by(LegalHold.until.desc(), LegalHold.id)))


def find(hold_id: int, is_locked: bool = False) -> LegalHold:
    """A hold, locked until the commit where it is to be changed. Raises Missing."""
    found = db.session.get(
        LegalHold, hold_id, with_for_update=is_locked, populate_existing=is_locked
    )
    if found is None:
        raise Missing(f"There is no legal hold {hold_id}.")
    return found


def lift(hold_id: int, actor: Actor) -> LegalHold:
    """End a hold before its day; the same again changes nothing. Raises Missing."""
    demand(actor.role, Act.DESTROY_PEOPLE)
    found = find(hold_id, is_locked=True)
    if found.lifted_at is None:
        found.lifted_by, found.lifted_at = actor.name, clock.now()
        audit.record(actor, "legal hold lifted", f"subscriber {found.subscriber_id}", hold=hold_id)
    return found


def whole(subscriber_id: UUID) -> LegalHold | None:
    """The hold that keeps everything of somebody; None where nothing does."""
    return next((one for one in of(subscriber_id) if not one.kept), None)


def keeping(subscriber_id: UUID) -> dict[str, LegalHold]:
    """By table, the hold that keeps it for the longest time."""
    return {table: one for one in reversed(of(subscriber_id)) for table in one.kept}


def held_people() -> Select[UUID]:
    """Whoever is under any hold today, as a query: no rule of retention touches them."""
    return select(LegalHold.subscriber_id).where(_is_in_force())


def held_digests() -> Select[bytes]:
    """Their addresses, by which what they wrote is found before anybody knows that it was them."""
    return select(Subscriber.digest).where(Subscriber.id.in_(held_people()))


def _is_in_force() -> ColumnElement[bool]:
    return LegalHold.lifted_at.is_(None) & (LegalHold.until >= clock.today(current().time_zone))


def _demand_there(subscriber_id: UUID, kept: list[str]) -> None:
    """Whoever places a hold relies on it. Of somebody who was destroyed there is what another hold
    has kept, and no more, and so it is from the deed's first moment on."""
    begun = [one for one in destructions.of_subscriber(subscriber_id) if one.has_begun]
    there = progress.held(begun[-1].id) if begun else frozenset(KEEPABLE)
    if not there or (kept and not there & set(kept)):
        raise Conflict(
            _("These data have gone, or are going at this moment: there is nothing left to hold.")
        )


def _keepable(kept: Iterable[str]) -> list[str]:
    asked = set(kept)
    if asked - set(KEEPABLE):
        raise Invalid(_("A part that can be kept: letters, requests or answers."), "kept")
    return [one for one in KEEPABLE if one in asked]
