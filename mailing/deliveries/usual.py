"""What is unlike other times: many more people, the same words again, an hour when people sleep."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from sqlalchemy import select

from mailing.base import clock, working_days
from mailing.base.database import db
from mailing.base.languages import gettext as _
from mailing.base.languages import time_text
from mailing.base.settings import current
from mailing.campaigns.audience import Audience
from mailing.campaigns.campaigns import Campaign, CampaignBody, Kind
from mailing.deliveries.checks import Check, Fix, Level

LOOKED_BACK = 10  # campaigns
TIMES_AS_MANY = 2
AGAIN_WITHIN = timedelta(days=30)
MORNING, NIGHT = time(7), time(22)
MANY = 5000  # from here on, and where it is unusual, the number is typed before it is sent


def of(campaign: Campaign, counted: Audience, at: datetime | None) -> Iterator[Check]:
    """Everything about this campaign that its like did not have."""
    if campaign.kind == Kind.CAMPAIGN:
        yield _of_the_number(campaign, counted)
    yield from _of_the_words(campaign)
    yield _of_the_hour(at or clock.now() + timedelta(seconds=current().holding_seconds))


def is_unusual(campaign: Campaign, will_receive: int) -> bool:
    """Whether at least twice as many get it as usually get what goes to this topic."""
    usual = _usual(campaign)
    return usual is not None and will_receive >= TIMES_AS_MANY * usual


def wants_the_number(campaign: Campaign, will_receive: int) -> bool:
    """Whether whoever sends it has to type how many get it."""
    return will_receive >= MANY or is_unusual(campaign, will_receive)


def _of_the_number(campaign: Campaign, counted: Audience) -> Check:
    title = _("Usual number")
    usual = _usual(campaign)
    if usual is None:
        detail = _("Nothing has been sent to this topic before: there is nothing to compare with.")
        return Check("usual_number", Level.FINE, title, detail)
    if is_unusual(campaign, counted.will_receive):
        detail = _(
            "%(number)s people get it; the last campaigns of this topic went to about %(usual)s.",
            number=counted.will_receive,
            usual=usual,
        )
        return Check("usual_number", Level.WARN, title, detail, Fix.AUDIENCE)
    detail = _("About as many as usual: %(usual)s.", usual=usual)
    return Check("usual_number", Level.FINE, title, detail)


def _usual(campaign: Campaign) -> int | None:
    query = (
        select(Campaign.audience)
        .where(
            Campaign.topic_id == campaign.topic_id,
            Campaign.kind == Kind.CAMPAIGN,
            Campaign.started_at.is_not(None),
            Campaign.audience > 0,
            Campaign.id != campaign.id,
        )
        .order_by(Campaign.started_at.desc())
        .limit(LOOKED_BACK)
    )
    sizes = [size for size in db.session.scalars(query) if size]
    return round(median(sizes)) if sizes else None


def _of_the_words(campaign: Campaign) -> Iterator[Check]:
    """The same words to the same people, because somebody sent a copy."""
    twin = _said_before(campaign)
    if twin is not None:
        detail = _(
            "Campaign %(id)s said exactly this to the same topic within thirty days.", id=twin
        )
        yield Check("said_before", Level.WARN, _("Said before"), detail, Fix.WRITE)


def _said_before(campaign: Campaign) -> int | None:
    subjects = [body.subject for body in campaign.bodies]
    query = (
        select(Campaign)
        .join(CampaignBody, CampaignBody.campaign_id == Campaign.id)
        .where(
            Campaign.topic_id == campaign.topic_id,
            Campaign.id != campaign.id,
            Campaign.started_at >= clock.now() - AGAIN_WITHIN,
            CampaignBody.subject.in_(subjects),
        )
        .order_by(Campaign.id.desc())
        .limit(LOOKED_BACK)
    )
    said = {body.content for body in campaign.bodies}
    return next(
        (one.id for one in db.session.scalars(query) if said & {b.content for b in one.bodies}),
        None,
    )


def _of_the_hour(at: datetime) -> Check:
    settings, title = current(), _("Time")
    local = at.astimezone(ZoneInfo(settings.time_zone))
    when = time_text(at, settings.time_zone)
    if not MORNING <= local.time() < NIGHT:
        detail = _("It leaves %(when)s, when most people sleep.", when=when)
        return Check("hour", Level.WARN, title, detail, Fix.READY)
    calendar = working_days.read([local.year], settings.calendar_dir)
    if not calendar.is_working(local.date()):
        detail = _("It leaves %(when)s, which is no working day.", when=when)
        return Check("hour", Level.WARN, title, detail, Fix.READY)
    return Check("hour", Level.FINE, title, _("It leaves %(when)s.", when=when))
