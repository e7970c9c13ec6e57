"""Notices: a material policy version is announced to those who are due it."""

from collections.abc import Callable

from sqlalchemy import select

from mailing.base.database import db
from mailing.base.errors import Missing
from mailing.base.languages import gettext_for, speaking
from mailing.base.operator import operator_of
from mailing.base.settings import current
from mailing.campaigns import campaigns
from mailing.campaigns.announcement import PolicyChange, notice_content
from mailing.campaigns.campaigns import Campaign, Kind
from mailing.campaigns.content import LINK, Content
from mailing.people import topics
from mailing.policies import versions
from mailing.policies.declared import added, field_name, purpose_name
from mailing.policies.versions import PolicyVersion
from mailing.staff.audit import Actor, record


def publish(policy: PolicyVersion, actor: Actor) -> Campaign | None:
    """Publish a policy version; a material one drafts its notice, in the languages of its texts.

    Done twice, it changes nothing the second time.
    """
    versions.hold()  # Two at once draft one notice, and no text comes while it is drafted.
    db.session.refresh(policy)
    if policy.published_at is None:
        versions.publish(policy)
        record(actor, "policy published", f"policy version {policy.id}", label=policy.label)
    if not policy.material:
        return None
    return _existing(policy.id) or _draft(policy, actor)


def complete(policy: PolicyVersion, actor: Actor) -> None:
    """Give a drafted notice the languages whose texts joined the version after it was drafted.

    A notice that has started says what it said: whoever adds a text then is told by nobody's mail.
    """
    notice = _existing(policy.id)
    if notice is None or notice.state != campaigns.State.DRAFT:
        return
    have = {body.language for body in notice.bodies}
    for text in versions.texts(policy):
        if text.language not in have:
            campaigns.edit(notice, _content(policy, text.language), actor)


def find_for(policy_id: int) -> Campaign:
    """The notice of a policy version; raises Missing where publishing drafted none."""
    versions.find(str(policy_id))
    notice = _existing(policy_id)
    if notice is None:
        raise Missing(
            f"Policy version {policy_id} has no notice: only publishing a material version "
            "(--material --publish) drafts one."
        )
    return notice


def _existing(policy_id: int) -> Campaign | None:
    query = select(Campaign).where(
        Campaign.policy_id == policy_id, Campaign.kind == Kind.NOTICE.value
    )
    return db.session.scalars(query).one_or_none()


def _draft(policy: PolicyVersion, actor: Actor) -> Campaign:
    contents = [_content(policy, text.language) for text in versions.texts(policy)]
    notices = topics.find(topics.NOTICES)
    return campaigns.draft(Kind.NOTICE, notices, contents, actor, policy.id)


def _content(policy: PolicyVersion, language: str) -> Content:
    said = gettext_for(language).gettext
    return notice_content(language, operator_of(current()), _change(policy, language), said)


def _change(policy: PolicyVersion, language: str) -> PolicyChange:
    site, before = current().public_url, versions.before(policy)
    url = f"{site}/policy/{policy.id}"
    new = added(policy, [before] if before else [])
    return PolicyChange(
        label=policy.label,
        effective_on=policy.effective_on,
        policy_url=url,
        agree_url=f"{site}/agree/{{{{ {LINK} }}}}",
        mailbox=policy.declared_mailbox,
        mark=policy.declared_marks.withdrawal[0],
        summary=policy.summaries.get(language, ""),
        before=before.label if before else "",
        compare_url=f"{url}?compare={before.id}" if before else "",
        purposes=_spoken(language, purpose_name, new.purposes),
        fields=_spoken(language, field_name, new.fields),
    )


def _spoken(
    language: str, name_of: Callable[[str], str], names: tuple[str, ...]
) -> tuple[str, ...]:
    with speaking(language):
        return tuple(name_of(name) for name in names)
