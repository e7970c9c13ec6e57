"""Counted links: for each link of a campaign an address of ours that leads to its target.

It is the same for everybody who reads the campaign in one language and holds nothing of a person.
It leads to nothing but what the author wrote: what is not stored here is a broken link, so there is
no open redirect. The rows are written once, when the campaign starts, and stay; so a message that
is tried again has the same octets whatever the settings say by then.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Integer, Text, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import Missing
from mailing.base.installation import Installation
from mailing.base.settings import Settings
from mailing.campaigns import counting
from mailing.campaigns.campaigns import Campaign

# From the start; what is pressed later is led on and not counted.
COUNTED_FOR = timedelta(days=30)


class CountedLink(Table):
    """One link of one language; `number` is its place among the links of the message."""

    __tablename__ = "counted_links"
    __table_args__ = (
        UniqueConstraint("campaign_id", "language", "number", name="link_stands_in_one_place"),
    )

    token: Mapped[str] = mapped_column(Text, primary_key=True, info=OPERATIONAL)
    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), info=OPERATIONAL
    )
    language: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    number: Mapped[int] = mapped_column(Integer, info=OPERATIONAL)
    target: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    words: Mapped[str] = mapped_column(Text, info=OPERATIONAL)


@dataclass(frozen=True, slots=True)
class Led:
    """Where a link leads, whose it is, and whether a click on it counts now."""

    token: str
    target: str
    campaign_id: int
    is_counted: bool


def led(token: str) -> Led:
    """What stands behind `/c/<token>`; raises Missing for what is none of ours. Reads only."""
    query = (
        select(CountedLink, Campaign.started_at, Installation.clicks_counted)
        .join(Campaign, Campaign.id == CountedLink.campaign_id)
        .join(Installation, Installation.id == 1)
        .where(CountedLink.token == token)
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise Missing("This link is none of ours.")
    link, started_at, is_on = row
    return Led(link.token, link.target, link.campaign_id, is_on and _is_young(started_at))


def addresses(settings: Settings, campaign_id: int, language: str) -> dict[str, tuple[str, ...]]:
    """Each target of a campaign's text in one language with the addresses that lead there, in the
    order of the message; empty where nothing is counted."""
    found: dict[str, tuple[str, ...]] = {}
    for link in of(campaign_id):
        if link.language == language:
            to = f"{settings.public_url}/c/{link.token}"
            found[link.target] = (*found.get(link.target, ()), to)
    return found


def of(campaign_id: int) -> list[CountedLink]:
    """The counted links of a campaign, language by language, in the order of the message."""
    mine = select(CountedLink).where(CountedLink.campaign_id == campaign_id)
    return list(db.session.scalars(mine.order_by(CountedLink.language, CountedLink.number)))


def is_counted(campaign: Campaign, language: str) -> bool:
    """Whether the footer says that clicks are counted: of what has started, whether they are."""
    if campaign.started_at is None:
        return counting.is_wanted(campaign)
    query = "SELECT EXISTS (SELECT FROM counted_links WHERE campaign_id = :id AND language = :in)"
    return bool(db.session.scalar(text(query), {"id": campaign.id, "in": language}))


def _is_young(started_at: datetime | None) -> bool:
    return started_at is not None and clock.now() - started_at < COUNTED_FOR
