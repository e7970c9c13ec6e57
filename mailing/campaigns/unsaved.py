"""What somebody has typed into a campaign's form and not saved: kept as typed, right or wrong.

One a person and campaign. It is nobody's content until they save it, and outlives the browser.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ForeignKey, Text, delete, select
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, insert
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import OPERATIONAL, Table, db

At = TIMESTAMP(timezone=True)


class UnsavedForm(Table):
    """A writing form as it stood; `seen` is what the campaign said when it was opened."""

    __tablename__ = "unsaved_forms"

    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True, info=OPERATIONAL
    )
    typed_by: Mapped[str] = mapped_column(Text, primary_key=True, info=OPERATIONAL)
    fields: Mapped[dict[str, str]] = mapped_column(JSONB, info=OPERATIONAL)
    seen: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    typed_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)


def keep(campaign_id: int, typed_by: str, fields: Mapping[str, str], seen: str) -> None:
    """Keep what this person has typed by now, in place of what they had before."""
    kept = {"fields": dict(fields), "seen": seen, "typed_at": clock.now()}
    new = insert(UnsavedForm).values(campaign_id=campaign_id, typed_by=typed_by, **kept)
    db.session.execute(
        new.on_conflict_do_update(index_elements=["campaign_id", "typed_by"], set_=kept)
    )


def find(campaign_id: int, typed_by: str) -> UnsavedForm | None:
    """What this person has typed and not saved."""
    return db.session.get(UnsavedForm, (campaign_id, typed_by))


def others(campaign_id: int, than: str, since: datetime) -> list[UnsavedForm]:
    """Who else has typed in this campaign since a moment, and has not saved."""
    query = select(UnsavedForm).where(
        UnsavedForm.campaign_id == campaign_id,
        UnsavedForm.typed_by != than,
        UnsavedForm.typed_at > since,
    )
    return list(db.session.scalars(query.order_by(UnsavedForm.typed_by)))


def let_go(campaign_id: int, typed_by: str) -> None:
    """Forget what this person has typed: it is saved now, or they want it gone."""
    mine = (UnsavedForm.campaign_id == campaign_id, UnsavedForm.typed_by == typed_by)
    db.session.execute(delete(UnsavedForm).where(*mine))
