"""Drafts: a campaign's content is compiled before it is kept, so that it cannot fail later."""

from dataclasses import dataclass, replace
from datetime import datetime

from mailing.base.errors import Invalid
from mailing.base.operator import Operator, known
from mailing.base.settings import current
from mailing.campaigns import blocks, campaigns, images
from mailing.campaigns.campaigns import Campaign
from mailing.campaigns.content import Content, Format
from mailing.deliveries import frames, message, samples, stamps
from mailing.deliveries.message import Frame, Recipient
from mailing.deliveries.samples import Sample
from mailing.people import topics
from mailing.people.topics import Topic
from mailing.staff.audit import Actor

_NOBODY = Operator("—", "—", "—", "—")


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


def preview(campaign: Campaign, language: str, sample: str = Sample.USUAL) -> Previewed:
    """How the campaign reads in a language, with an invented person's data."""
    return preview_for(campaign, language, samples.reader(sample))


def preview_for(
    campaign: Campaign, language: str, reader: Recipient, dated_at: datetime | None = None
) -> Previewed:
    """How it reads to somebody; the links are a preview's all the same, and belong to nobody, and
    so is the date where no moment is named."""
    settings = current()
    content = campaign.content_in(language)
    compiled = message.compile(content, frames.campaign_frame(settings, campaign, content.language))
    stamp = stamps.sample_stamp(settings)
    stamp = stamp._replace(date=dated_at or stamp.date)
    seen = compiled.preview(reader, stamp)
    raw = compiled.render(reader, stamp).message
    return Previewed(seen.subject, seen.html, seen.text, raw)


def frame_of_a_draft(language: str) -> Frame:
    """The frame of what belongs to no campaign yet."""
    return _frame(topics.find(topics.NOTICES), language)


def _demand_compiles(topic: Topic, content: Content) -> None:
    """What is there must be right; what is still missing in blocks stops the start, not the draft.

    `Invalid` names the part; an image must be one that was uploaded here.
    """
    if content.format == Format.BLOCKS:
        _demand_images(content)
        content = replace(content, subject=content.subject or "—")
        if all(block.is_empty for block in blocks.from_body(content.body)):
            content = replace(content, body="—", format=Format.MARKDOWN)
    message.compile(content, _frame(topic, content.language))


def _demand_images(content: Content) -> None:
    for number, block in enumerate(blocks.from_body(content.body), 1):
        name = block.part("image")
        if name and not images.known({name}):
            sentence = f"Block {number}: this image is not one that was uploaded here."
            raise Invalid(sentence, f"{number}-image")


def _frame(topic: Topic, language: str) -> Frame:
    settings = current()
    # A draft may be written before the operator's identity is known; starting it may not.
    operator = known(settings)
    return frames.frame(
        settings, topic, language, "draft", operator if operator.is_whole else _NOBODY
    )
