"""What a campaign has said: each saved version, with who and when. None is ever edited."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, Text, func, select
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import Missing
from mailing.campaigns.content import Content

At = TIMESTAMP(timezone=True)


class CampaignVersion(Table):
    """What was saved in one language at one moment."""

    __tablename__ = "campaign_versions"

    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True, info=OPERATIONAL
    )
    number: Mapped[int] = mapped_column(
        Integer, primary_key=True, autoincrement=False, info=OPERATIONAL
    )
    language: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    subject: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    preheader: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    format: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    body: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    saved_by: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    saved_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)

    @property
    def content(self) -> Content:
        """The same as a value."""
        return Content(self.language, self.subject, self.body, self.format, self.preheader)


def note(campaign_id: int, content: Content, saved_by: str) -> None:
    """Append what is saved; whoever saves holds the campaign's row."""
    newest = select(func.max(CampaignVersion.number)).where(
        CampaignVersion.campaign_id == campaign_id
    )
    number = (db.session.scalar(newest) or 0) + 1
    said = (content.language, content.subject, content.preheader, content.format, content.body)
    names = ("language", "subject", "preheader", "format", "body")
    kept = dict(zip(names, said, strict=True))
    when = {"saved_by": saved_by, "saved_at": clock.now()}
    db.session.add(CampaignVersion(campaign_id=campaign_id, number=number, **kept, **when))
    db.session.flush()


def of(campaign_id: int) -> list[CampaignVersion]:
    """Every saved version, the newest first."""
    query = select(CampaignVersion).where(CampaignVersion.campaign_id == campaign_id)
    return list(db.session.scalars(query.order_by(CampaignVersion.number.desc())))


def find(campaign_id: int, number: int) -> CampaignVersion:
    """One saved version; raises Missing."""
    found = db.session.get(CampaignVersion, (campaign_id, number))
    if found is None:
        raise Missing(f"Campaign {campaign_id} has no version {number}.")
    return found
