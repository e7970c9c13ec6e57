"""Tallies: the outcomes of campaigns that have ended, counted once and kept by the sweep.

A list of 25 campaigns to half a million each would count for more than a second. After the end
nothing but an uncertain message changes its outcome, so a tally without one is final. A tally
says nothing that `status` would not: where none is final, the deliveries are counted.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Integer, select, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, insert
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, Table, db
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries import outcomes
from mailing.deliveries.outcomes import Outcomes

AT_ONCE = 5
AGAIN_AFTER = timedelta(minutes=10)


class Tally(Table):
    """What became of everybody in the audience of one campaign."""

    __tablename__ = "campaign_tallies"

    campaign_id: Mapped[int] = mapped_column(
        Integer,
        ForeignKey("campaigns.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        info=OPERATIONAL,
    )
    outcomes: Mapped[dict[str, Any]] = mapped_column(JSONB, info=DEPERSONALISED)
    is_final: Mapped[bool] = mapped_column(Boolean, info=OPERATIONAL)
    counted_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), info=OPERATIONAL)


_ENDED = """
    SELECT c.id FROM campaigns c LEFT JOIN campaign_tallies t ON t.campaign_id = c.id
    WHERE c.state IN ('done', 'stopped') AND c.audience IS NOT NULL
        AND (t.campaign_id IS NULL OR NOT t.is_final AND t.counted_at < :again)
        AND NOT EXISTS (SELECT FROM batches b
                        WHERE b.campaign_id = c.id AND b.finished_at IS NULL)
    ORDER BY c.id DESC LIMIT :most
"""


def keep() -> list[int]:
    """Count some of those that have ended and are not counted yet; which."""
    values = {"again": clock.now() - AGAIN_AFTER, "most": AT_ONCE}
    ended = list(db.session.scalars(text(_ENDED), values))
    for campaign_id in ended:
        _keep(db.session.get_one(Campaign, campaign_id))
    return ended


def final(campaign_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The outcomes of those of these campaigns whose tally is final, as `status` names them."""
    wanted = Tally.campaign_id.in_(list(campaign_ids))
    query = select(Tally.campaign_id, Tally.outcomes).where(wanted, Tally.is_final)
    return {row[0]: row[1] for row in db.session.execute(query)}


def _keep(campaign: Campaign) -> None:
    counted = outcomes.count(campaign)
    told = {
        "outcomes": counted.as_dict(),
        "is_final": _is_final(counted),
        "counted_at": clock.now(),
    }
    add = insert(Tally).values(campaign_id=campaign.id, **told)
    db.session.execute(add.on_conflict_do_update(index_elements=["campaign_id"], set_=told))


def _is_final(counted: Outcomes) -> bool:
    return not (counted.uncertain or counted.pending or counted.sending or counted.deferred)
