"""A specimen: a message that says nothing, to show what the brand makes of it."""

from dataclasses import replace

from mailing.base import clock
from mailing.base.languages import LANGUAGES, gettext_for
from mailing.base.settings import current
from mailing.campaigns.blocks import Block, to_body
from mailing.campaigns.content import Content, Format
from mailing.deliveries import drafts, frames, message, samples, stamps
from mailing.deliveries.message import Compiled, Recipient
from mailing.deliveries.samples import Sample

# What a specimen in Markdown holds: whatever an author's text is read by has then been at work.
_MARKDOWN = "{% if given_name %}**{{ given_name }}**{% endif %} [.](https://example.com/)"


def page(language: str) -> str:
    """As a reader of this language sees it now."""
    shown = _compiled(_said(language)).preview(_reader(), stamps.sample_stamp(current()))
    return shown.html


def warm() -> None:
    """Write it in each language, for nobody: the catalogues, templates and grammars that a message
    is made with are read, for this process and for those that are forked from it."""
    for language in LANGUAGES:
        said = _said(language)
        for content in (said, replace(said, body=_MARKDOWN, format=Format.MARKDOWN)):
            _compiled(content).render(_reader(), stamps.sample_stamp(current()))


def _compiled(content: Content) -> Compiled:
    own = drafts.frame_of_a_draft(content.language)
    return message.compile(content, frames.branded(own, current(), clock.now()))


def _reader() -> Recipient:
    return samples.reader(Sample.USUAL)


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
