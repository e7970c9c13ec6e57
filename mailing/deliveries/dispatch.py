"""Dispatch: starting a campaign once, and pausing, resuming and stopping it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, NotReady
from mailing.base.jobs import FAN_OUT, SEND, ring
from mailing.base.settings import current
from mailing.campaigns import audience, campaigns
from mailing.campaigns.campaigns import Campaign, State
from mailing.deliveries import readiness, status
from mailing.staff.audit import Actor, record

_log = structlog.get_logger()

_STARTABLE = (State.DRAFT, State.APPROVED)

_UNFINISHED = """
    SELECT FROM deliveries d WHERE d.campaign_id = c.id
    AND d.state IN ('pending', 'claimed', 'open', 'sealed', 'aborting', 'deferred')
"""

_MAY_BE_DONE = f"""
    SELECT c.id FROM campaigns c
    WHERE c.state = 'sending' AND c.fanned_out AND NOT EXISTS ({_UNFINISHED})
    ORDER BY c.id FOR UPDATE SKIP LOCKED
"""  # noqa: S608 - our own text

_DONE = f"""
    UPDATE campaigns c SET state = 'done', finished_at = now()
    WHERE c.id = ANY (CAST(:locked AS integer[])) AND c.state = 'sending'
        AND NOT EXISTS ({_UNFINISHED})
    RETURNING c.id
"""  # noqa: S608 - our own text; every value is bound

_CLOSE_STOPPED = """
    WITH back AS (
        SELECT d.id FROM deliveries d JOIN campaigns c ON c.id = d.campaign_id
        WHERE c.state = 'stopped' AND d.state IN ('pending', 'deferred')
        ORDER BY d.id FOR UPDATE OF d SKIP LOCKED)
    UPDATE deliveries d SET state = 'held', reason = 'campaign_stopped', retry_at = NULL,
        finished_at = now()
    FROM back WHERE d.id = back.id
"""


@dataclass(frozen=True)
class Started:
    """A campaign that has started, or will at `release_at` (UTC)."""

    id: int
    state: str
    will_receive: int
    release_at: datetime | None


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


def start(campaign_id: int, actor: Actor, expect: int | None = None, now: bool = False) -> Started:
    """Start a campaign once; without `now` it waits in the holding window and can be called back.

    Raises Conflict when it is not startable or `expect` people differ from those who will
    receive it, and NotReady with what has to be done first.
    """
    campaign = campaigns.lock(campaign_id)
    if campaign.state not in _STARTABLE:
        raise Conflict(f"Campaign {campaign.id} is {campaign.state}; only a draft can be started.")
    _demand_readiness(campaign)
    started = _send(campaign) if now else _schedule(campaign)
    if expect is not None and started.will_receive != expect:
        raise Conflict(
            f"You expected {expect} people, but {started.will_receive} will receive it now. "
            f"Nothing was sent; look at the audience again."
        )
    record(actor, "campaign started", f"campaign {campaign.id}", will_receive=started.will_receive)
    return started


def send_now(campaign_id: int, actor: Actor) -> Started:
    """End the holding window: send at once."""
    campaign = _in_window(campaign_id)
    record(actor, "campaign sent without waiting", f"campaign {campaign.id}")
    return _send(campaign)


def hold(campaign_id: int, actor: Actor) -> Started:
    """Call a scheduled campaign back: it is a draft again and nothing was sent."""
    campaign = _in_window(campaign_id)
    campaign.state, campaign.release_at = State.DRAFT.value, None
    record(actor, "campaign called back", f"campaign {campaign.id}")
    return Started(campaign.id, campaign.state, 0, None)


def release_due() -> list[int]:
    """Send what has waited out its holding window; the campaigns released."""
    query = text(
        "SELECT id FROM campaigns WHERE state = 'scheduled' AND release_at <= :now "
        "ORDER BY id FOR UPDATE SKIP LOCKED"
    )
    due = list(db.session.scalars(query, {"now": clock.now()}))
    return [campaign_id for campaign_id in due if _release(campaign_id)]


def _release(campaign_id: int) -> bool:
    """Send one, unless something has come up meanwhile that stops it: then it goes on waiting.

    What breaks one campaign keeps no other from leaving.
    """
    try:
        with db.session.begin_nested():
            campaign = campaigns.lock(campaign_id)
            _demand_readiness(campaign, but="audience")
            _send(campaign)
    except NotReady:
        return False
    except Exception:
        _log.exception("a campaign cannot be released", campaign=campaign_id)
        return False
    return True


def pause(campaign_id: int, actor: Actor) -> Counted:
    """Keep back what has not been handed over; what is being handed over is finished."""
    campaign = campaigns.lock(campaign_id)
    _demand(campaign, State.SENDING)
    campaign.state = State.PAUSED.value
    db.session.flush()
    _move(campaign, "state = 'claimed'", "state = 'pending', owner = NULL")
    record(actor, "campaign paused", f"campaign {campaign.id}")
    return _counted(campaign)


def resume(campaign_id: int, actor: Actor) -> Counted:
    """Go on with a paused campaign."""
    campaign = campaigns.lock(campaign_id)
    _demand(campaign, State.PAUSED)
    campaign.state = State.SENDING.value
    db.session.flush()
    ring(FAN_OUT, campaign_id=campaign.id)
    ring(SEND)
    record(actor, "campaign resumed", f"campaign {campaign.id}")
    return _counted(campaign)


def stop(campaign_id: int, actor: Actor) -> Counted:
    """End a campaign for good: what has not passed its seal does not leave."""
    campaign = campaigns.lock(campaign_id)
    _demand(campaign, State.SCHEDULED, State.SENDING, State.PAUSED)
    campaign.state, campaign.finished_at = State.STOPPED.value, clock.now()
    campaign.release_at = None
    db.session.flush()
    reason = "reason = 'campaign_stopped'"
    waiting = "state IN ('pending', 'deferred', 'claimed')"
    _move(campaign, waiting, f"state = 'held', finished_at = now(), retry_at = NULL, {reason}")
    _move(campaign, "state = 'open'", f"state = 'aborting', {reason}")
    record(actor, "campaign stopped", f"campaign {campaign.id}")
    return _counted(campaign)


def finish() -> list[int]:
    """Note the campaigns with nothing pending, in work or deferred as done; which.

    They are locked first and asked in a second statement, with a snapshot that is not older
    than the lock: a resend that came in between is seen.
    """
    locked = list(db.session.scalars(text(_MAY_BE_DONE)))
    return list(db.session.scalars(text(_DONE), {"locked": locked})) if locked else []


def close_stopped() -> int:
    """Hold what came back to a stopped campaign: past recall at the stop, and not delivered."""
    return int(db.session.execute(text(_CLOSE_STOPPED)).rowcount)  # type: ignore[attr-defined]


def _demand_readiness(campaign: Campaign, but: str = "") -> None:
    stops = [check for check in readiness.check(campaign).stops if check.id != but]
    if stops:
        raise NotReady(" ".join(check.detail for check in stops))


def _demand(campaign: Campaign, *states: State) -> None:
    if campaign.state not in states:
        wanted = " or ".join(states)
        raise Conflict(f"Campaign {campaign.id} is {campaign.state}, not {wanted}.")


def _in_window(campaign_id: int) -> Campaign:
    campaign = campaigns.lock(campaign_id)
    _demand(campaign, State.SCHEDULED)
    return campaign


def _schedule(campaign: Campaign) -> Started:
    waiting = timedelta(seconds=current().holding_seconds)
    campaign.state, campaign.release_at = State.SCHEDULED.value, clock.now() + waiting
    counted = audience.count(campaign)
    return Started(campaign.id, campaign.state, counted.will_receive, campaign.release_at)


def _send(campaign: Campaign) -> Started:
    frozen = audience.snapshot(campaign)
    campaign.state, campaign.started_at = State.SENDING.value, clock.now()
    db.session.flush()
    ring(FAN_OUT, campaign_id=campaign.id)
    return Started(campaign.id, campaign.state, frozen.will_receive, None)


def _move(campaign: Campaign, where: str, changes: str) -> None:
    # Rows are locked in the order of their ids, as the engine's groups lock them.
    db.session.execute(
        text(
            f"WITH mine AS (SELECT id FROM deliveries WHERE campaign_id = :campaign AND {where} "  # noqa: S608
            f"ORDER BY id FOR UPDATE) UPDATE deliveries d SET {changes} FROM mine "
            "WHERE d.id = mine.id"
        ),
        {"campaign": campaign.id},
    )


def _counted(campaign: Campaign) -> Counted:
    counted = status.outcomes(campaign)
    if campaign.state == State.STOPPED:
        return Counted(campaign.id, campaign.state, counted.out, counted.stopped)
    # What is open when a campaign is paused is finished.
    kept = counted.pending + counted.deferred
    return Counted(campaign.id, campaign.state, counted.out + counted.open, kept)
