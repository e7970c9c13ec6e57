"""Frames: what is the same for everybody who reads a message in one language."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from mailing.base import clock
from mailing.base.languages import gettext_for
from mailing.base.operator import Operator, operator_of
from mailing.base.settings import Settings
from mailing.base.signing import signing_keys
from mailing.campaigns import brands
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries import counted_links, message
from mailing.deliveries.message import Frame, Head, Kind
from mailing.people import topics
from mailing.people.topics import Topic
from mailing.policies import versions
from mailing.policies.versions import PolicyVersion

LARGEST_LOGO = (240, 80)  # pixels


def campaign_frame(
    settings: Settings, campaign: Campaign, language: str, looks_as_of: datetime | None = None
) -> Frame:
    """What is the same for everybody who reads this campaign in one language; it looks as the brand
    was when the campaign started."""
    moment = campaign.started_at or clock.now()
    own = frame(settings, campaign.topic, language, f"{campaign.kind}-{campaign.id}")
    own = branded(own, settings, looks_as_of or moment)
    under = of_policy(own, settings, _in_force(moment, settings))
    keys = signing_keys(settings)
    is_counted = counted_links.is_counted(campaign, language)
    own = replace(under, reason=Kind(campaign.kind), fields=declared(), keys=keys)
    return replace(own, is_counted=is_counted)


def branded(frame: Frame, settings: Settings, moment: datetime) -> Frame:
    """The same, looking as the brand was at a moment."""
    brand = brands.at(moment)
    if brand is None:
        return frame
    head = Head(brand.name, brand.accent)
    if brand.logo:
        width, height = _fitting(brand.logo)
        head = Head(brand.name, brand.accent, f"{frame.images_url}{brand.logo}", width, height)
    return replace(frame, head=head)


def of_policy(frame: Frame, settings: Settings, policy: PolicyVersion | None) -> Frame:
    """The same, leading to this version of the policy and naming it."""
    if policy is None:
        return frame
    url = f"{settings.public_url}/policy/{policy.id}"
    return replace(frame, policy_url=url, policy_label=policy.label)


def frame(
    settings: Settings,
    topic: Topic,
    language: str,
    feedback: str,
    operator: Operator | None = None,
) -> Frame:
    """What is the same for everybody who reads about a topic in one language."""
    return Frame(
        operator=operator or operator_of(settings),
        sender=settings.from_,
        topic_slug=topic.slug,
        topic_name=topics.name_in(topic, language),
        list_domain=domain_of(settings),
        feedback=feedback,
        policy_url=f"{settings.public_url}/policy",
        help_url=f"mailto:{settings.helpdesk_address}",
        gettext=gettext_for(language).gettext,
        images_url=f"{settings.public_url}/images/",
    )


def domain_of(settings: Settings) -> str:
    """The domain of the From address."""
    return settings.from_.rpartition("@")[2].strip(" >")


def declared() -> tuple[str, ...]:
    """The fields that may be merged: those that any published policy version declares."""
    declared = {name for version in versions.published() for name in version.fields}
    return tuple(name for name in message.FIELDS if name in declared)


def _fitting(logo: str) -> tuple[int, int]:
    """How large a logo is shown, by the size that its name tells."""
    found = message.IMAGE_NAME.fullmatch(logo)
    width, height = (int(found[1]), int(found[2])) if found else LARGEST_LOGO
    share = min(1.0, LARGEST_LOGO[0] / width, LARGEST_LOGO[1] / height)
    return max(1, round(width * share)), max(1, round(height * share))


def _in_force(at: datetime, settings: Settings) -> PolicyVersion | None:
    """The version that was in force, and known, at a moment: what is published after a campaign's
    start changes no octet of its messages."""
    day = at.astimezone(ZoneInfo(settings.time_zone)).date()
    known = (one for one in versions.published() if one.published_at and one.published_at <= at)
    return next((one for one in known if one.effective_on <= day), None)
