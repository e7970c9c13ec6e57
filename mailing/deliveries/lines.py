"""The ledger's lines: everybody considered, each once, with their one outcome, at any moment.

One statement, so one snapshot: the lines add up to what `status` counts, before, during and after
sending, with people leaving meanwhile.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from mailing.base.database import db
from mailing.campaigns import audience
from mailing.campaigns.campaigns import Campaign, State
from mailing.people.subscribers import Sealer

RECEIVES = "will_receive"
HELD = "held"
GOT_IT = "accepted"
OUTCOMES = (
    *(GOT_IT, "refused", "uncertain", HELD, "sending", "deferred", "pending"),
    RECEIVES,
)

# What a stop keeps back is held from that moment, whether the sweep has written it down or not.
_STARTED = """
    SELECT s.id, s.personal, s.language, d.finished_at AS at,
        CASE WHEN c.reason IS NOT NULL THEN 'held'
             WHEN :stopped AND coalesce(d.state, 'pending') IN ('pending', 'deferred', 'claimed')
                 THEN 'held'
             WHEN d.id IS NULL OR d.state = 'deferred' AND d.attempts = 0 THEN 'pending'
             WHEN d.state IN ('claimed', 'open', 'sealed', 'aborting') THEN 'sending'
             ELSE d.state END AS outcome,
        CASE WHEN c.reason IS NOT NULL THEN c.reason
             WHEN :stopped AND coalesce(d.state, 'pending') IN ('pending', 'deferred', 'claimed')
                 THEN 'campaign_stopped'
             WHEN d.state = 'held' THEN d.reason END AS reason
    FROM audience_chunks c CROSS JOIN unnest(c.subscriber_ids) m (id)
    JOIN subscribers s ON s.id = m.id
    LEFT JOIN deliveries d ON d.subscriber_id = m.id AND d.campaign_id = :campaign
    WHERE c.campaign_id = :campaign
"""

_NOT_STARTED = """
    SELECT id, personal, language, CAST(NULL AS timestamptz) AS at, reason,
        CASE WHEN reason IS NULL THEN 'will_receive' ELSE 'held' END AS outcome
    FROM ({judged}) j
"""

_WANTED = """
    SELECT * FROM ({lines}) l
    WHERE (CAST(:outcome AS text) IS NULL OR outcome = :outcome)
      AND (CAST(:reason AS text) IS NULL OR reason = :reason)
      AND (CAST(:but AS text) IS NULL OR outcome <> :but)
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One person and what became of their message; an empty address: destroyed since."""

    id: UUID
    address: str
    language: str
    outcome: str
    reason: str | None
    at: datetime | None

    @property
    def cells(self) -> tuple[object, ...]:
        """As a row of the exported sheet."""
        when = self.at.isoformat(timespec="seconds") if self.at else ""
        return (self.address, self.language, self.outcome, self.reason, when)


HEADS = ("email", "language", "outcome", "reason", "at")


def of(
    campaign: Campaign,
    outcome: str | None = None,
    reason: str | None = None,
    but: str | None = None,
) -> Iterator[Line]:
    """Everybody considered, or those of one outcome, or of one outcome for one reason; `but` leaves
    out those of one outcome."""
    lines, values = _lines(campaign)
    query = text(_WANTED.format(lines=lines))
    sealer = Sealer()
    wanted = {**values, "outcome": outcome, "reason": reason, "but": but}
    for row in db.session.execute(query, wanted).yield_per(1000):
        opened = sealer.open(row.personal, row.id.bytes) if row.personal else {}
        address = str(opened.get("email", ""))
        yield Line(row.id, address, row.language, row.outcome, row.reason, row.at)


def _lines(campaign: Campaign) -> tuple[str, dict[str, Any]]:
    if campaign.audience is not None:
        stopped = campaign.state == State.STOPPED
        return _STARTED, {"campaign": campaign.id, "stopped": stopped}
    judged, values = audience.considered(campaign, campaign.conditions)
    return _NOT_STARTED.format(judged=judged), values
