"""History: what became of each published version: in force, replaced since when, or coming."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from mailing.base import clock
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
