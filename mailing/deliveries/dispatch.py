"""Dispatch: starting a campaign once, at once or after its holding window, and its end."""

from dataclasses import dataclass
from datetime import datetime, timedelta

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
from mailing.deliveries import batches, laying, readiness
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


@dataclass(frozen=True)
class Started:
    """A campaign that has started, or will at `release_at` (UTC)."""

    id: int
    state: str
    will_receive: int
    release_at: datetime | None


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


def finish() -> list[int]:
    """Note the campaigns with nothing pending, in work or deferred as done; which.

    They are locked first and asked in a second statement, with a snapshot that is not older
    than the lock: a resend that came in between is seen.
    """
    locked = list(db.session.scalars(text(_MAY_BE_DONE)))
    return list(db.session.scalars(text(_DONE), {"locked": locked})) if locked else []


def _demand_readiness(campaign: Campaign) -> None:
    stops = readiness.obstacles(campaign)
    if stops:
        raise NotReady(" ".join(check.detail for check in stops))


def _in_window(campaign_id: int) -> Campaign:
    campaign = campaigns.lock(campaign_id)
    campaigns.demand(campaign, State.SCHEDULED)
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
