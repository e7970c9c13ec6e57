"""Segments: saved conditions under a name. A segment narrows an audience; it permits nobody."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Text, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import Conflict, Invalid, Missing
from mailing.base.languages import gettext as _
from mailing.base.plain import clean_field
from mailing.campaigns import sentences
from mailing.campaigns.sentences import Conditions
from mailing.staff.audit import Actor, record

LONGEST_NAME = 80

At = TIMESTAMP(timezone=True)


class Segment(Table):
    """A saved condition. It is never deleted: campaigns name it; a retired one is not offered."""

    __tablename__ = "segments"
    __table_args__ = (
        UniqueConstraint("name", name="segment_name_is_unique"),
        CheckConstraint("name <> ''", name="segment_has_a_name"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=OPERATIONAL)
    name: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB, info=OPERATIONAL)
    created_by: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    created_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    changed_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    retired_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)

    @property
    def conditions(self) -> Conditions:
        """What it says; raises Invalid where an older version knew other sentences."""
        return sentences.read(self.definition)

    @property
    def frozen(self) -> dict[str, Any]:
        """What a campaign keeps of it when it is let go."""
        return {"id": self.id, "name": self.name, "definition": self.definition}


def save(name: str, conditions: Conditions, actor: Actor) -> Segment:
    """A new segment; raises Invalid for its name and Conflict for one in use."""
    now = clock.now()
    made = Segment(
        name=_named(name, None),
        definition=conditions.as_data(),
        created_by=actor.name,
        created_at=now,
        changed_at=now,
    )
    db.session.add(made)
    db.session.flush()
    record(actor, "segment saved", f"segment {made.id}", sentences=len(conditions.sentences))
    return made


def of(conditions: Conditions, name: str, actor: Actor) -> Segment:
    """A segment on offer that says this; else a new one, by this name or one like it."""
    said = Segment.definition == conditions.as_data()
    kept = db.session.scalars(select(Segment).where(said, Segment.retired_at.is_(None))).first()
    return kept or save(_free(name), conditions, actor)


def change(segment: Segment, name: str, conditions: Conditions, actor: Actor) -> None:
    """Say something else under it. What has been let go already keeps what it said then."""
    segment.name = _named(name, segment.id)
    segment.definition, segment.changed_at = conditions.as_data(), clock.now()
    db.session.flush()
    record(actor, "segment changed", f"segment {segment.id}", sentences=len(conditions.sentences))


def retire(segment: Segment, actor: Actor) -> None:
    """Offer it no more; drafts that have chosen it keep it."""
    if segment.retired_at is None:
        segment.retired_at = clock.now()
        record(actor, "segment retired", f"segment {segment.id}")


def restore(segment: Segment, actor: Actor) -> None:
    """Offer it again."""
    if segment.retired_at is not None:
        segment.retired_at = None
        record(actor, "segment restored", f"segment {segment.id}")


def find(segment_id: int) -> Segment:
    """A segment by its number; raises Missing."""
    found = db.session.get(Segment, segment_id)
    if found is None:
        raise Missing(_("There is no segment %(id)s.", id=segment_id))
    return found


def offered() -> list[Segment]:
    """Those that may be chosen, by name."""
    query = select(Segment).where(Segment.retired_at.is_(None)).order_by(Segment.name)
    return list(db.session.scalars(query))


def everyone() -> list[Segment]:
    """Every segment: those on offer by name, then those retired."""
    query = select(Segment).order_by(Segment.retired_at.is_not(None), Segment.name)
    return list(db.session.scalars(query))


def _free(name: str) -> str:
    taken = set(db.session.scalars(select(Segment.name).where(Segment.name.startswith(name))))
    numbered = (f"{name} ({number})" for number in range(2, len(taken) + 3))
    return next(one for one in (name, *numbered) if one not in taken)


def _named(name: str, own: int | None) -> str:
    cleaned = clean_field("name", name)
    if not cleaned or len(cleaned) > LONGEST_NAME:
        raise Invalid(
            _("Give the segment a name of %(most)s characters at the most.", most=LONGEST_NAME),
            "name",
        )
    other = db.session.scalar(select(Segment).where(Segment.name == cleaned))
    if other is not None and other.id != own:
        raise Conflict(_("A segment of this name exists; choose another name."))
    return cleaned
