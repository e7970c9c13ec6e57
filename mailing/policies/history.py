"""History: what became of each published version: in force, replaced since when, or coming."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import select

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import current as settings
from mailing.policies import versions
from mailing.policies.versions import PolicyVersion


class Stage(StrEnum):
    """Where a published version stands today."""

    COMING = "coming"
    IN_FORCE = "in_force"
    PAST = "past"


@dataclass(frozen=True)
class Chapter:
    """One version; `ended` is the day from which another is in force, for one that is past."""

    policy: PolicyVersion
    stage: Stage
    ended: date | None = None


def chapters() -> list[Chapter]:
    """Every published version, the newest first."""
    today, told = clock.today(settings().time_zone), []
    newer: PolicyVersion | None = None
    for policy in versions.published():
        told.append(_chapter(policy, newer, today))
        newer = policy
    return told


def _chapter(policy: PolicyVersion, newer: PolicyVersion | None, today: date) -> Chapter:
    if policy.effective_on > today:
        return Chapter(policy, Stage.COMING)
    if newer is None or newer.effective_on > today:
        return Chapter(policy, Stage.IN_FORCE)
    return Chapter(policy, Stage.PAST, newer.effective_on)


def in_force_at(moment: datetime) -> PolicyVersion | None:
    """The version that was in force then: published by that moment, and of all that had taken
    effect the latest."""
    day = moment.astimezone(ZoneInfo(settings().time_zone)).date()
    return db.session.scalar(
        select(PolicyVersion)
        .where(PolicyVersion.published_at <= moment, PolicyVersion.effective_on <= day)
        .order_by(PolicyVersion.effective_on.desc(), PolicyVersion.id.desc())
        .limit(1)
    )


def began(policy: PolicyVersion) -> date:
    """The day from which it was in force: it cannot be before anybody could read it."""
    published = policy.published_at
    if published is None:
        return policy.effective_on
    return max(policy.effective_on, published.astimezone(ZoneInfo(settings().time_zone)).date())
