"""Comparing a campaign with those that went to the same topic before it."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from mailing.base.database import db
from mailing.campaigns.campaigns import Campaign, State
from mailing.deliveries import aftermath, outcomes, tallies

LAST = 5


@dataclass(frozen=True)
class Figures:
    """What became of one campaign; shares are per cent, all of `audience` or of `accepted`."""

    audience: int
    accepted: int
    refused: int
    left: int
    complained: int

    @property
    def reached(self) -> float:
        """Of its audience, who got it."""
        return share(self.accepted, self.audience)

    @property
    def refused_share(self) -> float:
        """Of its audience, whose message a relay refused for good."""
        return share(self.refused, self.audience)

    @property
    def left_share(self) -> float:
        """Of those who got it."""
        return share(self.left, self.accepted)

    @property
    def complained_share(self) -> float:
        """Of those who got it."""
        return share(self.complained, self.accepted)


def of(campaign: Campaign) -> Figures:
    """The figures of one campaign that has started."""
    kept = tallies.final([campaign.id]).get(campaign.id)
    counted = kept or outcomes.count(campaign).as_dict()
    followed = aftermath.of(campaign)
    return Figures(
        campaign.audience or 0,
        counted["accepted"],
        counted["refused"],
        followed.all_left,
        followed.all_complained,
    )


def before(campaign: Campaign) -> list[Campaign]:
    """The last five to the same topic that are over and began before it, the newest first."""
    query = (
        select(Campaign)
        .where(
            Campaign.topic_id == campaign.topic_id,
            Campaign.id != campaign.id,
            Campaign.state.in_([State.DONE.value, State.STOPPED.value]),
            Campaign.audience > 0,
            Campaign.started_at < (campaign.started_at or campaign.created_at),
        )
        .order_by(Campaign.started_at.desc())
        .limit(LAST)
        .options(selectinload(Campaign.bodies))
    )
    return list(db.session.scalars(query))


def usual(figures: list[Figures], value: Callable[[Figures], float]) -> float | None:
    """The middle one of them; None where there is none."""
    return median(value(one) for one in figures) if figures else None


def share(part: int, whole: int) -> float:
    """Per cent; of nothing, 0."""
    return 100 * part / whole if whole else 0.0
