"""Halting: a campaign is paused, let go on, stopped for good.

What stops a campaign is imported by whoever is in a hurry to: it loads nothing that it does not
need (`kelisim campaign stop`).
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.jobs import SEND, ring
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import Campaign, State
from mailing.deliveries import batches, halts, outcomes
from mailing.staff.audit import Actor, record

# In work of a campaign is only what belongs to a batch that somebody owns.
_IN_WORK = """
    SELECT d.id FROM batches b JOIN batch_owners o ON o.batch_id = b.id
    JOIN deliveries d ON d.batch_id = b.id AND d.owner = o.owner
    WHERE b.campaign_id = :campaign AND d.state = :state ORDER BY d.id FOR UPDATE OF d
"""

_MOVE = f"""
    WITH mine AS ({_IN_WORK})
    UPDATE deliveries d SET {{changes}} FROM mine WHERE d.id = mine.id RETURNING d.id
"""  # noqa: S608 - our own text; every value is bound

# In small steps: a stop that wrote a million rows itself would keep everybody waiting.
_STOPPED_BATCHES = """
    SELECT b.id FROM batches b JOIN campaigns c ON c.id = b.campaign_id
    WHERE c.state = 'stopped' AND b.due_at IS NOT NULL
    ORDER BY b.id LIMIT 20 FOR UPDATE OF b SKIP LOCKED
"""

_HOLD_STOPPED = """
    WITH back AS (
        SELECT id FROM deliveries
        WHERE batch_id = ANY (CAST(:batches AS bigint[])) AND state IN ('pending', 'deferred')
        ORDER BY id FOR UPDATE SKIP LOCKED)
    UPDATE deliveries d SET state = 'held', reason = 'campaign_stopped', retry_at = NULL,
        finished_at = now()
    FROM back WHERE d.id = back.id
"""

_CLOSE_STOPPED = """
    UPDATE batches b SET due_at = NULL,
        finished_at = CASE WHEN NOT EXISTS (SELECT FROM batch_owners o WHERE o.batch_id = b.id)
                           THEN now() END
    WHERE b.id = ANY (CAST(:batches AS bigint[])) AND NOT EXISTS (
        SELECT FROM deliveries d WHERE d.batch_id = b.id AND d.state IN ('pending', 'deferred'))
"""


@dataclass(frozen=True)
class Counted:
    """What was out when a campaign was held up, and what was kept back.

    `out`: handed over, or being handed over past recall; `stopped`: did not leave (a pause:
    does not leave now).
    """

    id: int
    state: str
    out: int
    stopped: int


def pause(campaign_id: int, actor: Actor) -> Counted:
    """Keep back what has not been handed over; what is being handed over is finished."""
    campaign = campaigns.lock(campaign_id)
    campaigns.demand(campaign, State.SENDING)
    campaign.state = State.PAUSED.value
    db.session.flush()
    batches.call(_move(campaign, "claimed", "state = 'pending', owner = NULL"))
    record(actor, halts.PAUSED, halts.subject(campaign_id))
    return _counted(campaign)


def resume(campaign_id: int, actor: Actor) -> Counted:
    """Go on with a paused campaign."""
    campaign = campaigns.lock(campaign_id)
    campaigns.demand(campaign, State.PAUSED)
    campaign.state = State.SENDING.value
    if campaign.brake:
        # A person has looked: what it stopped for is not counted again.
        campaign.brake, campaign.brake_since = {}, clock.now()
    db.session.flush()
    ring(SEND)
    record(actor, halts.RESUMED, halts.subject(campaign_id))
    return _counted(campaign)


def stop(campaign_id: int, actor: Actor) -> Counted:
    """End a campaign for good: what has not passed its seal does not leave.

    The gate is shut by this row alone, so what waits is as good as held, and counted so; the
    sweep writes it down (`close_stopped`).
    """
    campaign = campaigns.lock(campaign_id)
    campaigns.demand(campaign, State.SCHEDULED, State.SENDING, State.PAUSED)
    campaign.state, campaign.finished_at = State.STOPPED.value, clock.now()
    campaign.release_at = None
    db.session.flush()
    _move(campaign, "open", "state = 'aborting', reason = 'campaign_stopped'")
    record(actor, "campaign stopped", halts.subject(campaign_id))
    return _counted(campaign)


def close_stopped() -> int:
    """Hold some of what a stop has kept back, or what came back after it; how many batches.

    Each call does a little; it is called until nothing is left.
    """
    stopped = list(db.session.scalars(text(_STOPPED_BATCHES)))
    if stopped:
        db.session.execute(text(_HOLD_STOPPED), {"batches": stopped})
        db.session.execute(text(_CLOSE_STOPPED), {"batches": stopped})
    return len(stopped)


def _move(campaign: Campaign, state: str, changes: str) -> list[UUID]:
    # Rows are locked in the order of their ids, as the engine's groups lock them.
    values = {"campaign": campaign.id, "state": state}
    return list(db.session.scalars(text(_MOVE.format(changes=changes)), values))


def _counted(campaign: Campaign) -> Counted:
    counted = outcomes.count(campaign)
    if campaign.state == State.STOPPED:
        return Counted(campaign.id, campaign.state, counted.out, counted.stopped)
    # What is open when a campaign is paused is finished.
    kept = counted.pending + counted.deferred + counted.claimed
    return Counted(campaign.id, campaign.state, counted.out + counted.open, kept)
