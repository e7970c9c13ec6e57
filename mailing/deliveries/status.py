"""Status: what became of a campaign's audience. Every number adds up, at any moment."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict
from mailing.base.jobs import SEND, ring
from mailing.base.settings import current
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import Campaign
from mailing.campaigns.campaigns import State as CampaignState
from mailing.deliveries import batches, brake_words, hours, outcomes, returns
from mailing.deliveries.batches import Batch
from mailing.deliveries.deliveries import Delivery, State, message_id
from mailing.deliveries.frames import domain_of
from mailing.deliveries.outcomes import Outcomes
from mailing.people.subscribers import Subscriber, personal_of
from mailing.staff.audit import Actor, record

_RATE_SECONDS = 10
_LATEST_ACTS = 200  # more than anybody does in ten seconds; the log itself may be long
_SHORTEST_SECONDS = 1  # a burst in the first instant is no rate
_RESENDABLE = (CampaignState.SENDING, CampaignState.PAUSED, CampaignState.DONE)


# Found by their batches: an index on the campaign would be one more to write for each message.
_OF_CAMPAIGN = """
    d.batch_id = ANY (ARRAY(SELECT b.id FROM batches b WHERE b.campaign_id = :campaign))
"""

_RESEND = f"""
    WITH mine AS (SELECT d.id FROM deliveries d WHERE {_OF_CAMPAIGN} AND d.state = 'uncertain'
                  ORDER BY d.id FOR UPDATE)
    UPDATE deliveries d SET state = 'pending', owner = NULL, finished_at = NULL
    FROM mine WHERE d.id = mine.id RETURNING d.id
"""  # noqa: S608 - our own text; every value is bound


def status(campaign_id: int) -> dict[str, Any]:
    """The status of one campaign, as contract.md names its parts; read from one snapshot."""
    db.session.rollback()
    db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    campaign = campaigns.find(campaign_id)
    counted, rate = outcomes.count(campaign), _rate(campaign)
    told = {
        "id": campaign.id,
        "state": campaign.state,
        "audience": outcomes.expected(campaign),
        "outcomes": counted.as_dict(),
        "started_at": campaign.started_at,
        "finished_at": campaign.finished_at,
        "release_at": campaign.release_at,
        "rate": rate,
        "waiting_for": _waiting_for(campaign, counted, rate),
        "came_back": returns.counts(campaign.id),
    }
    db.session.rollback()
    return told


def uncertain(campaign_id: int) -> list[dict[str, Any]]:
    """The people whose message may or may not have arrived; `since` is when its dot was due."""
    campaigns.find(campaign_id)
    domain = domain_of(current())
    return [
        {
            "email": personal.email if (personal := personal_of(subscriber)) else "",
            "message_id": message_id(delivery.id, domain),
            "since": delivery.sealed_at,
        }
        for delivery, subscriber in _uncertain(campaign_id)
    ]


def resend_uncertain(campaign_id: int, actor: Actor) -> int:
    """Send what is uncertain once more, by a person's decision; how many. The gate asks again.

    Raises Conflict for a campaign that was stopped: nothing of it leaves any more.
    """
    campaign = campaigns.lock(campaign_id)
    if campaign.state not in _RESENDABLE:
        raise Conflict(f"Campaign {campaign.id} is {campaign.state}; nothing of it is sent again.")
    resent = list(db.session.scalars(text(_RESEND), {"campaign": campaign.id}))
    batches.call(resent)
    again = len(resent)
    if again and campaign.state == CampaignState.DONE:
        campaign.state, campaign.finished_at = CampaignState.SENDING.value, None
    record(actor, "uncertain messages resent", f"campaign {campaign.id}", messages=again)
    ring(SEND)
    return again


def _uncertain(campaign_id: int) -> Iterator[tuple[Delivery, Subscriber]]:
    query = (
        select(Delivery, Subscriber)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(
            Delivery.batch_id.in_(select(Batch.id).where(Batch.campaign_id == campaign_id)),
            Delivery.state == State.UNCERTAIN.value,
        )
        .order_by(Delivery.sealed_at)
    )
    for row in db.session.execute(query):
        yield row[0], row[1]


def _rate(campaign: Campaign) -> float:
    """Messages accepted a second, over ten seconds or what has passed since it began to move."""
    if campaign.state != CampaignState.SENDING or campaign.started_at is None:
        return 0.0
    moved = batches.MOVED_SINCE.format(since="(SELECT since FROM moving)")
    query = text(f"""
        WITH moving AS (
            SELECT greatest(now() - make_interval(secs => :longest), :started, max(at)) AS since
            FROM (SELECT * FROM audit_log ORDER BY id DESC LIMIT :acts) latest
            WHERE subject = :subject AND action = 'campaign resumed')
        SELECT count(d.id) / greatest(extract(epoch FROM now() - m.since), :shortest)
        FROM moving m LEFT JOIN deliveries d ON d.batch_id = ANY (ARRAY({moved}))
            AND d.state = 'accepted' AND d.finished_at > m.since
        GROUP BY m.since
    """)  # noqa: S608 - our own text; every value is bound
    values = {
        "campaign": campaign.id,
        "subject": f"campaign {campaign.id}",
        "started": campaign.started_at,
        "acts": _LATEST_ACTS,
        "longest": _RATE_SECONDS,
        "shortest": _SHORTEST_SECONDS,
    }
    return round(float(db.session.execute(query, values).scalar_one()), 1)


def _waiting_for(campaign: Campaign, counted: Outcomes, rate: float) -> str | None:
    if campaign.state == CampaignState.SCHEDULED:
        return _what_is_off() or f"the holding window, until {campaign.release_at:%H:%M:%S} UTC"
    if campaign.state == CampaignState.PAUSED:
        return brake_words.sentence(campaign)
    if campaign.state != CampaignState.SENDING:
        return None
    known = _what_is_off() or _closed_hours() or _relays_in_trouble() or _retries(campaign, counted)
    return known or _nobody_works(counted, rate)


def _nobody_works(counted: Outcomes, rate: float) -> str | None:
    if counted.sending or not counted.pending or rate:
        return None
    settings = current()
    if settings.rate or settings.campaign_rate or settings.domain_rates:
        return "its turn under the limits on messages a second, or a worker to take it up"
    return "a worker to take it up; is one running, and does the queue answer?"


def _what_is_off() -> str | None:
    query = text("SELECT sending_off_reason FROM installation WHERE NOT sending_on")
    row = db.session.execute(query).one_or_none()
    return f"sending to be switched on again: {row[0]}" if row else None


def _closed_hours() -> str | None:
    settings = current()
    opens = hours.opens_at(settings, clock.now())
    if opens is None:
        return None
    wall = opens.astimezone(ZoneInfo(settings.time_zone))
    return f"the sending hours, which begin at {wall:%Y-%m-%d %H:%M} ({settings.time_zone})"


def _relays_in_trouble() -> str | None:
    # A relay that is tried in vain is noted again and again; an old note is of one that nobody
    # uses any more. A relay that accepts and does not greet takes five minutes to fail.
    query = text(
        "SELECT name, trouble FROM relays WHERE trouble IS NOT NULL "
        "AND retry_at > now() - interval '10 minutes' ORDER BY name"
    )
    down = db.session.execute(query).all()
    if len(down) < len(current().smtp_url):
        return None
    return "the mail relay: " + "; ".join(f"{name}: {trouble}" for name, trouble in down)


def _retries(campaign: Campaign, counted: Outcomes) -> str | None:
    if counted.pending or counted.sending or not counted.deferred:
        return None
    query = text(
        f"SELECT min(d.retry_at) FROM deliveries d WHERE {_OF_CAMPAIGN} AND d.state = 'deferred' "  # noqa: S608
        "AND d.attempts > 0"
    )
    at = db.session.execute(query, {"campaign": campaign.id}).scalar()
    return f"the next try of {counted.deferred} deferred messages, at {at:%Y-%m-%d %H:%M:%S} UTC"
