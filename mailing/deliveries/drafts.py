"""Drafts: a campaign's content is compiled before it is kept, so that it cannot fail later."""

from dataclasses import dataclass

from mailing.base.operator import Operator, operator_of
from mailing.base.settings import current
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import Campaign
from mailing.campaigns.content import Content
from mailing.deliveries import letters, message
from mailing.deliveries.message import Frame, Recipient
from mailing.people import topics
from mailing.people.topics import Topic
from mailing.staff.audit import Actor

_NOBODY = Operator("—", "—", "—", "—")
_SAMPLE = {
    "surname": "Серікова",
    "given_name": "Айгүл",
    "patronymic": "Маратқызы",
    "phone": "+7 701 000 00 00",
}


@dataclass(frozen=True)
class Previewed:
    """What an invented person would read; `raw` is the whole message."""

    subject: str
    html: str
    text: str
    raw: bytes


def create(topic_slug: str, content: Content, actor: Actor) -> Campaign:
    """A draft; raises Invalid with what is wrong in the content and where."""
    _demand_compiles(topics.find(topic_slug), content)
    return campaigns.create(topic_slug, content, actor)


def edit(campaign: Campaign, content: Content, actor: Actor) -> Campaign:
    """Write a draft's content in one language; raises Invalid and Conflict."""
    _demand_compiles(campaign.topic, content)
    return campaigns.edit(campaign, content, actor)


def preview(campaign: Campaign, language: str) -> Previewed:
    """How the campaign reads in a language, with an invented person's data."""
    settings = current()
    content = campaign.content_in(language)
    compiled = message.compile(
        content, letters.campaign_frame(settings, campaign, content.language)
    )
    recipient = Recipient("aigul@example.com", {"email": "aigul@example.com", **_SAMPLE})
    stamp = letters.sample_stamp(settings)
    seen = compiled.preview(recipient, stamp)
    raw = compiled.render(recipient, stamp).message
    return Previewed(seen.subject, seen.html, seen.text, raw)


def _demand_compiles(topic: Topic, content: Content) -> None:
    message.compile(content, _frame(topic, content.language))


def _frame(topic: Topic, language: str) -> Frame:
    settings = current()
    # A draft may be written before the operator's identity is known; starting it may not.
    operator = operator_of(settings) if settings.has_identity else _NOBODY
    return letters.frame(settings, topic, language, "draft", operator)
