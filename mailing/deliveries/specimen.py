"""A specimen: a message that says nothing, to show what the brand makes of it."""

from mailing.base import clock
from mailing.base.languages import gettext_for
from mailing.base.settings import current
from mailing.campaigns.blocks import Block, to_body
from mailing.campaigns.content import Content, Format
from mailing.deliveries import drafts, frames, message, samples, stamps
from mailing.deliveries.samples import Sample


def page(language: str) -> str:
    """As a reader of this language sees it now."""
    frame = frames.branded(drafts.frame_of_a_draft(language), current(), clock.now())
    compiled = message.compile(_said(language), frame)
    return compiled.preview(samples.reader(Sample.USUAL), stamps.sample_stamp(current())).html


def _said(language: str) -> Content:
    _ = gettext_for(language).gettext
    link = current().public_url
    words, linked = _("Words look like this, and a link like that:"), _("a link")
    blocks = [
        Block("heading", {"words": _("What a heading looks like")}),
        Block("text", {"text": f"{words} [{linked}]({link}/)"}),
        Block("button", {"words": _("A button"), "link": f"{link}/"}),
    ]
    return Content(language, _("A specimen"), to_body(blocks), Format.BLOCKS)
