"""The author's content, checked and converted into the three faces of a message."""

import re
from dataclasses import dataclass

from markupsafe import Markup

from mailing.base.errors import Invalid
from mailing.campaigns.content import Content, Format
from mailing.deliveries.message.blocks import Woven, weave_blocks
from mailing.deliveries.message.compiled import LEAVE, PREFERENCES, SIGNED_UP, Compiled, Faces
from mailing.deliveries.message.counting import Counter, Link, counter_of
from mailing.deliveries.message.documents import Page, from_html, from_mjml, without_comments
from mailing.deliveries.message.frame import BodyError, Frame, one_line
from mailing.deliveries.message.markdown import from_markdown
from mailing.deliveries.message.merge import Draft, hide
from mailing.deliveries.message.plaintext import plain_text
from mailing.deliveries.message.program import Hole, Piece
from mailing.deliveries.message.signedup import sentences
from mailing.deliveries.message.skeleton import Dress
from mailing.deliveries.message.weave import weave_html, weave_line, weave_text

UNSENDABLE = re.compile("[\x00\ud800-\udfff]")
LONGEST_LINE = 1000  # characters of a subject or preheader


def compile(content: Content, frame: Frame) -> Compiled:
    """Compile a message; raises `BodyError` (with the line) or `UnsafeValue` (frame, subject)."""
    return Compiled(faces(content, frame), frame, sentences(content.language, frame))


def links_of(content: Content, frame: Frame) -> list[Link]:
    """Every link of the author's words, in their order; raises as `compile` does."""
    counter = counter_of(frame)
    _woven(content, frame, counter)
    return counter.found


def faces(content: Content, frame: Frame) -> Faces:
    """Subject, HTML and text with their holes; raises as `compile` does."""
    if not content.subject.strip():
        raise BodyError("Write a subject: it is what people see first.", "subject")
    subject = _line("subject", content.subject, frame)
    preheader = _line("preheader", content.preheader, frame)
    woven = _woven(content, frame, counter_of(frame))
    dress = Dress("message", content.language, frame)
    return Faces(
        subject=subject.text,
        html=_html(dress, woven, subject, preheader),
        text=dress.text(
            {
                "leave": [Hole(LEAVE, "as_text")],
                "preferences": [Hole(PREFERENCES, "as_text")],
                "signed_up": [Hole(SIGNED_UP, "as_text")],
                "body": woven.text,
            }
        ),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A subject or preheader: as it stands in a field, and as it stands in HTML."""

    text: list[Piece]
    html: list[Piece]


def _html(dress: Dress, woven: Woven, subject: Line, preheader: Line) -> list[Piece]:
    holes: dict[str, list[Piece]] = {
        "body": woven.html,
        "leave": [Hole(LEAVE, "as_html")],
        "preferences": [Hole(PREFERENCES, "as_html")],
        "signed_up": [Hole(SIGNED_UP, "as_html")],
        "title": subject.html,
        "preheader": preheader.html,
    }
    return dress.html(
        holes,
        is_wide=woven.is_wide,
        styles=Markup(woven.styles),  # noqa: S704 - only class rules without "<" passed the filter
        has_preheader=any(preheader.html),
    )


def _line(name: str, text: str, frame: Frame) -> Line:
    """One line of the content; whatever is wrong in it is said of the field `name`."""
    if len(text) > LONGEST_LINE:
        sentence = f"The {name} is longer than {LONGEST_LINE} characters; shorten it."
        raise BodyError(sentence, name)
    try:
        draft = hide(one_line(f"The {name}", text), frame.fields)
        return Line(weave_text(draft.text, draft), weave_line(draft.text, draft))
    except Invalid as wrong:
        raise type(wrong)(wrong.message, name) from None


def _woven(content: Content, frame: Frame, counter: Counter) -> Woven:
    """The author's words in both faces, with their holes; each link passes the counter."""
    source = _source(content.body)
    if content.format == Format.BLOCKS:
        return weave_blocks(source, frame, counter)
    draft, page = _page(source, content, frame)
    body = counter.lead(page.body, draft)
    text = weave_text(plain_text(body, draft), draft)
    return Woven(weave_html(body, draft), text, page.styles, page.is_wide)


def _page(source: str, content: Content, frame: Frame) -> tuple[Draft, Page]:
    match content.format:
        case Format.MARKDOWN:
            draft = hide(source, frame.fields)
            return draft, Page(from_markdown(draft, frame.link_colour))
        case Format.HTML:
            draft = hide(without_comments(source), frame.fields, in_markup=True)
            return draft, from_html(draft.text)
        case Format.MJML:
            draft = hide(without_comments(source), frame.fields, in_markup=True)
            return draft, from_mjml(draft.text)
    raise BodyError(f"“{content.format}” is not markdown, html, mjml or blocks.", "format")


def _source(body: str) -> str:
    """Lines end in LF; what no message can carry is refused."""
    if UNSENDABLE.search(body):
        raise BodyError("The text holds a NUL or half a character; write it anew.", "body")
    return body.replace("\r\n", "\n").replace("\r", "\n")
