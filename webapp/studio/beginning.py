"""From empty to the first test mail: what is still to do, read from what is there."""

from dataclasses import dataclass

from mailing.base.errors import NotReady
from mailing.base.operator import operator_of
from mailing.base.settings import current
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import Kind, State
from mailing.deliveries import trials
from mailing.people import forms, topics
from mailing.policies import versions
from mailing.staff.permissions import Act


@dataclass(frozen=True)
class Step:
    """One thing to do: whether it is done, where to do it, and what whoever does it may do."""

    name: str
    is_done: bool
    endpoint: str | None = None
    act: Act | None = None
    campaign_id: int | None = None


def steps() -> list[Step]:
    """All of them, in order; nothing of it is stored."""
    number = _newest_draft()
    page = "studio.campaign_preview" if number else "studio.campaign_new"
    has_topic = any(one.slug != topics.NOTICES for one in topics.all_topics())
    return [
        Step("operator", _has_operator()),
        Step("policy", bool(versions.published()), "studio.policy_list", Act.PUBLISH_POLICIES),
        Step("topic", has_topic, "studio.form_topics", Act.WRITE_FORMS),
        Step("form", bool(forms.all_forms()), "studio.form_list", Act.WRITE_FORMS),
        Step("campaign", number is not None, "studio.campaign_new", Act.WRITE_CAMPAIGNS),
        Step("test", trials.has_arrived(), page, Act.WRITE_CAMPAIGNS, number),
    ]


def is_over(counts: dict[str, int]) -> bool:
    """Whether something has been sent for real: whoever sends needs no list of first steps."""
    return any(counts.get(one) for one in (State.SENDING, State.PAUSED, State.DONE))


def _has_operator() -> bool:
    try:
        operator_of(current())
    except NotReady:
        return False
    return True


def _newest_draft() -> int | None:
    drafts = campaigns.by_state(State.DRAFT, State.REVIEW, State.APPROVED, State.SCHEDULED)
    return next((one.id for one in drafts if one.kind == Kind.CAMPAIGN), None)
