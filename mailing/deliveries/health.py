"""Health: whether mail leaves, and how much of what left within thirty days came back."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import select, text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import current
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries import outcomes, tallies

WITHIN = timedelta(days=30)
_NOTED_WITHIN = timedelta(minutes=10)

_CAME_BACK = """
    SELECT count(DISTINCT delivery_id) FILTER (WHERE kind = 'hard') AS bounced,
        count(DISTINCT delivery_id) FILTER (WHERE kind = 'complaint') AS complained
    FROM returns WHERE campaign_id = ANY (CAST(:campaigns AS integer[]))
"""


class Level(StrEnum):
    """How a share stands beside what mail providers put up with."""

    FINE = "fine"
    WARN = "warn"
    STOP = "stop"


@dataclass(frozen=True)
class Share:
    """So many of so many, and how that is; `limit` is where it begins to matter (per cent)."""

    number: int
    whole: int
    limit: float
    trouble: float

    @property
    def value(self) -> float:
        """Per cent."""
        return 100 * self.number / self.whole if self.whole else 0.0

    @property
    def level(self) -> Level:
        if self.value >= self.trouble:
            return Level.STOP
        return Level.WARN if self.value >= self.limit else Level.FINE


@dataclass(frozen=True)
class Relays:
    """How many mail relays are set up, and what is wrong with which."""

    number: int
    troubles: tuple[tuple[str, str], ...]

    @property
    def level(self) -> Level:
        if not self.troubles:
            return Level.FINE
        return Level.STOP if len(self.troubles) >= self.number else Level.WARN


@dataclass(frozen=True)
class Health:
    """`bounces` and `complaints` are of what relays accepted of campaigns begun in 30 days."""

    bounces: Share
    complaints: Share


def lately() -> Health:
    """What came back of the campaigns that began within thirty days."""
    begun = _begun()
    bounced, complained = _came_back(begun)
    accepted = _accepted(begun)
    return Health(Share(bounced, accepted, limit=2, trouble=5), _complaints(complained, accepted))


def complaints() -> Share:
    """The complaints alone. What was accepted is counted only where somebody complained."""
    begun = _begun()
    complained = _came_back(begun)[1]
    return _complaints(complained, _accepted(begun) if complained else 0)


def relays() -> Relays:
    """The mail relays, as the workers have noted them lately."""
    query = text(
        "SELECT name, trouble FROM relays WHERE trouble IS NOT NULL AND retry_at > :since "
        "ORDER BY name"
    )
    rows = db.session.execute(query, {"since": clock.now() - _NOTED_WITHIN})
    return Relays(len(current().smtp_url), tuple((row.name, row.trouble) for row in rows))


def _begun() -> list[Campaign]:
    since = Campaign.started_at >= clock.now() - WITHIN
    return list(db.session.scalars(select(Campaign).where(since)))


def _came_back(begun: list[Campaign]) -> tuple[int, int]:
    values = {"campaigns": [one.id for one in begun]}
    found = db.session.execute(text(_CAME_BACK), values).one()
    return found.bounced, found.complained


def _complaints(number: int, accepted: int) -> Share:
    return Share(number, accepted, limit=0.1, trouble=0.3)


def _accepted(begun: list[Campaign]) -> int:
    kept = tallies.final(one.id for one in begun)
    others = [outcomes.count(one).accepted for one in begun if one.id not in kept]
    return sum([*(int(one["accepted"]) for one in kept.values()), *others])
