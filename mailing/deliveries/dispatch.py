"""Dispatch: starting a campaign once, and pausing, resuming and stopping it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid, NotAllowed, NotReady
from mailing.base.jobs import SEND, ring
from mailing.base.languages import gettext as _
from mailing.base.settings import current
from mailing.campaigns import approvals, audience, campaigns
from mailing.campaigns.campaigns import Campaign, State
from mailing.deliveries import batches, laying, readiness, status
from mailing.staff.audit import Actor, record

_log = structlog.get_logger()

_STARTABLE = (State.DRAFT, State.APPROVED)
LATEST = timedelta(days=366)

_UNFINISHED = "SELECT FROM batches b WHERE b.campaign_id = c.id AND b.finished_at IS NULL"

_MAY_BE_DONE = f"""
    SELECT c.id FROM campaigns c WHERE c.state = 'sending' AND NOT EXISTS ({_UNFINISHED})
    ORDER BY c.id FOR UPDATE SKIP LOCKED
"""  # noqa: S608 - our own text

_DONE = f"""
    UPDATE campaigns c SET state = 'done', finished_at = now()
    WHERE c.id = ANY (CAST(:locked AS integer[])) AND c.state = 'sending'
        AND NOT EXISTS ({_UNFINISHED})
    RETURNING c.id
"""  # noqa: S608 - our own text; every value is bound

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


def start(
    campaign_id: int,
    actor: Actor,
    expect: int | None = None,
    now: bool = False,
    at: datetime | None = None,
) -> Started:
    """Start a campaign once; without `now` it waits in the holding window and can be called back.

    `at` is when it leaves (UTC); none: after the holding window. Raises Conflict when it is not
    startable or `expect` people differ from those who will receive it, NotReady with what has to
    be done first, NotAllowed where a second person has not approved it, and Invalid for a time
    that cannot be.
    """
    campaign = campaigns.lock(campaign_id)
    if campaign.state not in _STARTABLE:
        raise Conflict(f"Campaign {campaign.id} is {campaign.state}; only a draft can be started.")
    approvals.demand(campaign)
    _demand_readiness(campaign)
    started = _send(campaign) if now else _schedule(campaign, _release_at(at))
    if not started.will_receive:
        raise NotReady("Nobody would receive this; look at the audience.")
    if expect is not None and started.will_receive != expect:
        raise Conflict(
            f"You expected {expect} people, but {started.will_receive} will receive it now. "
            f"Nothing was sent; look at the audience again."
        )
    told = {"will_receive": started.will_receive, "release_at": _stamp(started.release_at)}
    record(actor, "campaign started", f"campaign {campaign.id}", **told)
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
    campaign.frozen_segment = None
    record(actor, "campaign called back", f"campaign {campaign.id}")
    return Started(campaign.id, campaign.state, 0, None)


def release_due() -> list[int]:
    """Send what has waited out its holding window; the campaigns released."""
    query = text(
        "SELECT id FROM campaigns WHERE state = 'scheduled' AND release_at <= :now ORDER BY id"
    )
    due = list(db.session.scalars(query, {"now": clock.now()}))
    return [campaign_id for campaign_id in due if _release(campaign_id)]


def _release(campaign_id: int) -> bool:
    """Send one, unless something has come up meanwhile that stops it: then it goes on waiting.

    What breaks one campaign keeps no other from leaving.
    """
    try:
        with db.session.begin_nested():
            campaign = campaigns.try_lock(campaign_id)
            if campaign is None or not _is_due(campaign):
                return False
            approvals.demand(campaign)
            _demand_readiness(campaign)
            _send(campaign)
    except (NotReady, NotAllowed):
        return False
    except Exception:
        _log.exception("a campaign cannot be released", campaign=campaign_id)
        return False
    return True


def _is_due(campaign: Campaign) -> bool:
    """Still, now that it is locked: somebody may have held, sent or stopped it."""
    at = campaign.release_at
    return campaign.state == State.SCHEDULED and at is not None and at <= clock.now()


def pause(campaign_id: int, actor: Actor) -> Counted:
    """Keep back what has not been handed over; what is being handed over is finished."""
    campaign = campaigns.lock(campaign_id)
    _demand(campaign, State.SENDING)
    campaign.state = State.PAUSED.value
    db.session.flush()
    batches.call(_move(campaign, "claimed", "state = 'pending', owner = NULL"))
    record(actor, "campaign paused", f"campaign {campaign.id}")
    return _counted(campaign)


def resume(campaign_id: int, actor: Actor) -> Counted:
    """Go on with a paused campaign."""
    campaign = campaigns.lock(campaign_id)
    _demand(campaign, State.PAUSED)
    campaign.state = State.SENDING.value
    if campaign.brake:
        # A person has looked: what it stopped for is not counted again.
        campaign.brake, campaign.brake_since = {}, clock.now()
    db.session.flush()
    ring(SEND)
    record(actor, "campaign resumed", f"campaign {campaign.id}")
    return _counted(campaign)


def stop(campaign_id: int, actor: Actor) -> Counted:
    """End a campaign for good: what has not passed its seal does not leave.

    The gate is shut by this row alone, so what waits is as good as held, and counted so; the
    sweep writes it down (`close_stopped`).
    """
    campaign = campaigns.lock(campaign_id)
    _demand(campaign, State.SCHEDULED, State.SENDING, State.PAUSED)
    campaign.state, campaign.finished_at = State.STOPPED.value, clock.now()
    campaign.release_at = None
    db.session.flush()
    _move(campaign, "open", "state = 'aborting', reason = 'campaign_stopped'")
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
    """Hold some of what a stop has kept back, or what came back after it; how many batches.

    Each call does a little; it is called until nothing is left.
    """
    stopped = list(db.session.scalars(text(_STOPPED_BATCHES)))
    if stopped:
        db.session.execute(text(_HOLD_STOPPED), {"batches": stopped})
        db.session.execute(text(_CLOSE_STOPPED), {"batches": stopped})
    return len(stopped)


def _demand_readiness(campaign: Campaign) -> None:
    stops = readiness.obstacles(campaign)
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


def _release_at(at: datetime | None) -> datetime:
    """When it leaves: at the time chosen, but never before the holding window is over."""
    earliest = clock.now() + timedelta(seconds=current().holding_seconds)
    if at is None:
        return earliest
    if at < clock.now():
        raise Invalid(_("This time is over. Choose one that is still to come."), "at")
    if at > clock.now() + LATEST:
        raise Invalid(_("Choose a time within a year."), "at")
    return max(at, earliest)


def _schedule(campaign: Campaign, release_at: datetime) -> Started:
    campaign.state, campaign.release_at = State.SCHEDULED.value, release_at
    campaign.frozen_segment = campaign.narrowed
    db.session.flush()
    counted = audience.count(campaign)
    return Started(campaign.id, campaign.state, counted.will_receive, campaign.release_at)


def _send(campaign: Campaign) -> Started:
    campaign.approved_by = approvals.approver(campaign)
    campaign.frozen_segment = campaign.narrowed
    frozen = audience.snapshot(campaign)
    laying.lay(campaign)
    campaign.state, campaign.started_at = State.SENDING.value, clock.now()
    batches.lay(campaign.id)
    db.session.flush()
    ring(SEND)
    return Started(campaign.id, campaign.state, frozen.will_receive, None)


def _stamp(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _move(campaign: Campaign, state: str, changes: str) -> list[UUID]:
    # Rows are locked in the order of their ids, as the engine's groups lock them.
    values = {"campaign": campaign.id, "state": state}
    return list(db.session.scalars(text(_MOVE.format(changes=changes)), values))


def _counted(campaign: Campaign) -> Counted:
    counted = status.outcomes(campaign)
    if campaign.state == State.STOPPED:
        return Counted(campaign.id, campaign.state, counted.out, counted.stopped)
    # What is open when a campaign is paused is finished.
    kept = counted.pending + counted.deferred + counted.claimed
    return Counted(campaign.id, campaign.state, counted.out + counted.open, kept)
