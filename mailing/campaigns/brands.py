"""Brands: what a message looks like, beside what it says: a name and a logo in its head, and the
colour of links and buttons.

A change is a new row, and a message looks as the brand was when its campaign started: one that is
tried again is the same to the octet, whatever was changed meanwhile.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text, select
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.colours import NIGHT, WHITE, colour_of, contrast
from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import Invalid
from mailing.base.languages import gettext as _
from mailing.base.plain import clean_text
from mailing.staff.audit import Actor, record_change

LONGEST_NAME = 60
LEAST_BY_DAY, LEAST_AT_NIGHT = 4.5, 3.0  # WCAG 2.2, 1.4.3 for letters and 1.4.11 for the rest
_COLOUR = re.compile(r"#[0-9a-f]{6}")


class Brand(Table):
    """How messages look from a moment on; what is empty is as it comes with the program."""

    __tablename__ = "brands"
    __table_args__ = (
        CheckConstraint("accent ~ '^(#[0-9a-f]{6})?$'", name="brand_accent_is_a_colour"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=OPERATIONAL)
    name: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    accent: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    logo: Mapped[str | None] = mapped_column(ForeignKey("images.name"), info=OPERATIONAL)
    changed_by: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), info=OPERATIONAL)


@dataclass(frozen=True)
class Wish:
    """How messages are to look; `logo` is the name of an image that was uploaded here."""

    name: str = ""
    accent: str = ""
    logo: str | None = None


@dataclass(frozen=True)
class Seen:
    """How well a colour is seen by day and at night."""

    by_day: float
    at_night: float

    @property
    def is_lost_at_night(self) -> bool:
        return self.at_night < LEAST_AT_NIGHT


def at(moment: datetime) -> Brand | None:
    """The brand of a moment; None while there is none, or none any more."""
    found = _last(moment)
    return found if found and (found.name or found.accent or found.logo) else None


def changed_at(moment: datetime) -> datetime | None:
    """Since when messages have looked as they did at a moment; None: from the first day."""
    found = _last(moment)
    return found.at if found else None


def wish_of(brand: Brand | None) -> Wish:
    """The same as a wish, to change some of it."""
    return Wish(brand.name, brand.accent, brand.logo) if brand else Wish()


def change(wish: Wish, actor: Actor) -> None:
    """Let messages look like this from now on. Raises Invalid, naming `name` or `accent`."""
    name = clean_text("name", " ".join(wish.name.split()), LONGEST_NAME)
    new = Wish(name, _legible(wish.accent), wish.logo)
    before = wish_of(at(clock.now()))
    if new == before:
        return
    made = Brand(name=new.name, accent=new.accent, logo=new.logo)
    made.changed_by, made.at = actor.name, clock.now()
    db.session.add(made)
    db.session.flush()
    record_change(actor, "brand changed", "installation", change=(repr(before), repr(new)))


def seen(accent: str) -> Seen | None:
    """How well it is seen; None for no colour."""
    colour = colour_of(accent) if accent else None
    return Seen(contrast(colour, WHITE), contrast(colour, NIGHT)) if colour else None


def _last(moment: datetime) -> Brand | None:
    query = select(Brand).where(Brand.at <= moment).order_by(Brand.at.desc(), Brand.id.desc())
    return db.session.scalar(query.limit(1))


def _legible(typed: str) -> str:
    """A colour in which words can be read on white, and white words on it."""
    accent = typed.strip().lower()
    if not accent:
        return ""
    if not _COLOUR.fullmatch(accent):
        raise Invalid(_("Write the colour as # and six signs, like #0b5e6b."), "accent")
    found = seen(accent)
    if found and found.by_day < LEAST_BY_DAY:
        raise Invalid(
            _(
                "Words in this colour are hard to read on white: the contrast is %(found)s : 1, and"
                " 4.5 : 1 is needed. Take a darker one.",
                found=f"{found.by_day:.1f}",
            ),
            "accent",
        )
    return accent
