"""Clicks: sums for each link and hour, gathered from the meter, and the report that they make.

Nothing here leads to a person: no row says who, from where or with what. A person who presses twice
is counted twice, for nobody can tell. Which clicks are machines' is judged by signs, so people's
clicks are an estimate.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import structlog
from redis.exceptions import RedisError
from sqlalchemy import CheckConstraint, ForeignKey, Integer, Text, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, Table, db
from mailing.base.settings import current
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries import meter
from mailing.deliveries.meter import Sums

_log = structlog.get_logger()

_COUNTS_AT_ALL = "SELECT EXISTS (SELECT FROM counted_links)"

# The larger of two readings is the later one; a meter that began anew after a loss adds nothing
# until it has come beyond what was read before. Rows are locked in one order.
_KEEP = """
    INSERT INTO clicks (token, hour, pressed, machines)
    SELECT token, hour, pressed, machines FROM unnest(
        CAST(:tokens AS text[]), CAST(:hours AS timestamptz[]),
        CAST(:pressed AS integer[]), CAST(:machines AS integer[]))
        AS found (token, hour, pressed, machines)
    JOIN counted_links USING (token)
    ORDER BY token, hour
    ON CONFLICT (token, hour) DO UPDATE
        SET pressed = greatest(clicks.pressed, excluded.pressed),
            machines = greatest(clicks.machines, excluded.machines)
        WHERE excluded.pressed > clicks.pressed OR excluded.machines > clicks.machines
    RETURNING 1
"""

_OF_CAMPAIGN = """
    SELECT l.language, l.number, l.target, l.words,
        coalesce(sum(c.pressed), 0) AS pressed, coalesce(sum(c.machines), 0) AS machines
    FROM counted_links l LEFT JOIN clicks c ON c.token = l.token
    WHERE l.campaign_id = :campaign
    GROUP BY l.token
    ORDER BY coalesce(sum(c.pressed - c.machines), 0) DESC, l.language, l.number
"""


class Click(Table):
    """The clicks on one link within one hour: all of them, and how many of them machines made."""

    __tablename__ = "clicks"
    __table_args__ = (
        CheckConstraint(
            "machines >= 0 AND machines <= pressed", name="machines_are_among_the_clicks"
        ),
    )

    token: Mapped[str] = mapped_column(
        Text,
        ForeignKey("counted_links.token", ondelete="CASCADE"),
        primary_key=True,
        info=OPERATIONAL,
    )
    hour: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True), primary_key=True, info=OPERATIONAL
    )
    pressed: Mapped[int] = mapped_column(Integer, info=DEPERSONALISED)
    machines: Mapped[int] = mapped_column(Integer, info=DEPERSONALISED)


@dataclass(frozen=True, slots=True)
class Line:
    """One link: where it stands and leads, and its clicks."""

    language: str
    number: int
    target: str
    words: str
    people: int
    machines: int


@dataclass(frozen=True, slots=True)
class Report:
    """Every counted link of a campaign, the most pressed first."""

    lines: tuple[Line, ...]

    @property
    def people(self) -> int:
        return sum(line.people for line in self.lines)

    @property
    def machines(self) -> int:
        return sum(line.machines for line in self.lines)

    @property
    def most(self) -> int:
        """The clicks of all kinds on the link that has the most of them."""
        return max((line.people + line.machines for line in self.lines), default=0)

    def share(self, line: Line) -> float:
        """Its part of people's clicks, in per cent."""
        return 100 * line.people / self.people if self.people else 0.0


def of(campaign: Campaign) -> Report:
    """The clicks on a campaign's links, as far as they have been gathered."""
    rows = db.session.execute(text(_OF_CAMPAIGN), {"campaign": campaign.id})
    return Report(tuple(_line(*row) for row in rows))


def gather() -> int:
    """Write down what the meter shows; how many sums have grown.

    Safe to run twice, by two at once, or never for two days: a sum is written and not added to,
    and the meter goes on from where it was.
    """
    if not db.session.scalar(text(_COUNTS_AT_ALL)):
        return 0
    try:
        sums = meter.read(current(), clock.now())
    except RedisError as error:
        _log.warning("the meter does not answer", error=type(error).__name__)
        return 0
    return keep(sums)


def keep(sums: Sums) -> int:
    """Write these sums down; a smaller one than before changes nothing."""
    tokens, hours, pressed, machines = zip(*_flat(sums), strict=True) if sums else ((),) * 4
    found = {"tokens": tokens, "hours": hours, "pressed": pressed, "machines": machines}
    values = {name: list(column) for name, column in found.items()}
    return len(db.session.execute(text(_KEEP), values).all())


def _flat(sums: Sums) -> Iterator[tuple[str, datetime, int, int]]:
    for hour, links in sums.items():
        for token, (pressed, machines) in links.items():
            yield token, hour, pressed, machines


def _line(language: str, number: int, target: str, words: str, *sums: int) -> Line:
    pressed, machines = sums
    return Line(language, number, target, words, int(pressed) - int(machines), int(machines))
