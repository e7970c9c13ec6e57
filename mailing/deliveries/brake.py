"""The brake: a campaign that comes back or is complained about too often pauses itself.

It is off until configured. Only a person lets the campaign go on, and from then on it counts anew.
The gate shares the campaign's row, so a pause stops every worker at once.
"""

from dataclasses import asdict

import structlog
from sqlalchemy import text

from mailing.base.database import db
from mailing.base.settings import Settings, current
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import Campaign, State
from mailing.deliveries import halting
from mailing.deliveries.brake_words import Trip
from mailing.staff.audit import Actor, record
from mailing.staff.staff import Role

_log = structlog.get_logger()

ITSELF = Actor("kelisim", Role.ADMIN)

# Two reports at once would each miss the other's: they count one after the other (0x6b62, "kb").
_QUEUE = "SELECT pg_advisory_xact_lock(27490, :campaign)"

_REFUSED = """
    SELECT count(*) FILTER (WHERE d.state = 'refused' AND d.bounced_at IS NULL) AS refused,
        count(*) FILTER (WHERE d.state IN ('accepted', 'refused', 'uncertain')) AS out
    FROM deliveries d
    WHERE d.batch_id = ANY (ARRAY(SELECT b.id FROM batches b WHERE b.campaign_id = :campaign))
        AND d.finished_at > coalesce(:since, '-infinity'::timestamptz)
"""
# Each message counts once, however often it came back.
_CAME_BACK = """
    SELECT count(DISTINCT delivery_id) FILTER (WHERE kind = 'hard') AS bounces,
        count(DISTINCT delivery_id) FILTER (WHERE kind = 'complaint') AS complaints
    FROM returns WHERE campaign_id = :campaign
        AND at > coalesce(:since, '-infinity'::timestamptz)
"""


def queue_for(campaign_id: int) -> None:
    """Take a place before writing down what came back of a campaign; before any other lock."""
    if _is_on(current()):
        db.session.execute(text(_QUEUE), {"campaign": campaign_id})


def look(campaign_id: int, with_refusals: bool = False) -> bool:
    """Pause a campaign of which too much came back; whether it was paused. Locks no person. What
    its relay refused is looked at by the sweep, at every bounce only where that is due anyhow."""
    if not _is_on(current()):
        return False
    campaign = db.session.get(Campaign, campaign_id, populate_existing=True)
    if campaign is None or campaign.state != State.SENDING:
        return False
    trip = _trip(campaign, with_refusals)
    return trip is not None and pull(campaign_id, trip)


def look_at_all() -> list[int]:
    """The same for each campaign that is going out; those that were paused. The sweep calls it:
    what a relay refuses at once is told to nobody else."""
    if not _is_on(current()):
        return []
    going_out = [campaign.id for campaign in campaigns.by_state(State.SENDING)]
    return [campaign_id for campaign_id in going_out if look(campaign_id, with_refusals=True)]


def pull(campaign_id: int, trip: Trip) -> bool:
    """Pause it for this reason, unless it is not going out any more."""
    campaign = campaigns.lock(campaign_id)
    if campaign.state != State.SENDING:
        return False
    halting.pause(campaign_id, ITSELF)
    campaign.brake = asdict(trip)
    record(ITSELF, "campaign braked", f"campaign {campaign_id}", **asdict(trip))
    db.session.flush()
    _log.warning("a campaign braked", campaign=campaign_id, **asdict(trip))
    return True


def _is_on(settings: Settings) -> bool:
    return any(limit for _, limit in _limits(settings))


def _limits(settings: Settings) -> tuple[tuple[str, float], ...]:
    return (
        ("complaints", settings.brake_complaints),
        ("bounces", settings.brake_bounces),
        ("refusals", settings.brake_refusals),
    )


def _trip(campaign: Campaign, with_refusals: bool) -> Trip | None:
    """The deliveries, of which there may be a million, are counted only where it can matter: once
    enough has come back, or for what the relay refused."""
    values = {"campaign": campaign.id, "since": campaign.brake_since}
    back = db.session.execute(text(_CAME_BACK), values).one()
    numbers = {"complaints": back.complaints, "bounces": back.bounces, "refusals": 0}
    at_least = current().brake_at_least
    if not with_refusals and max(numbers.values()) < at_least:
        return None
    relay = db.session.execute(text(_REFUSED), values).one()
    numbers["refusals"] = relay.refused
    # After a pause more may come back of what left before it than has left since.
    trips = (
        Trip(what, numbers[what], max(relay.out, numbers[what]), limit)
        for what, limit in _limits(current())
        if limit and numbers[what] >= at_least
    )
    return next((t for t in trips if 100 * t.number > t.limit * t.out), None)
