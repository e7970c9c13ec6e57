"""The author's content, checked and converted into the three faces of a message."""

import re

from markupsafe import Markup

from mailing.campaigns.content import Content, Format
from mailing.deliveries.message.compiled import LEAVE, Compiled, Faces
from mailing.deliveries.message.documents import Page, from_html, from_mjml, without_comments
from mailing.deliveries.message.frame import BodyError, Frame, one_line
from mailing.deliveries.message.markdown import from_markdown
from mailing.deliveries.message.merge import Draft, hide
from mailing.deliveries.message.plaintext import plain_text
from mailing.deliveries.message.program import Hole, Piece
from mailing.deliveries.message.skeleton import Dress
from mailing.deliveries.message.weave import weave_html, weave_line, weave_text

UNSENDABLE = re.compile("[\x00\ud800-\udfff]")
LONGEST_LINE = 1000  # characters of a subject or preheader


def compile(content: Content, frame: Frame) -> Compiled:
    """Compile a message; raises `BodyError` (with the line) or `UnsafeValue` (frame, subject)."""
    subject = _line("The subject", content.subject, frame)
    draft, page = _page(content, frame)
    dress = Dress("message", content.language, frame)
    faces = Faces(
        subject=weave_text(subject.text, subject),
        html=_html(content, dress, page, weave_html(page.body, draft)),
        text=dress.text(
            {
                "leave": [Hole(LEAVE, "as_text")],
                "body": weave_text(plain_text(page.body, draft), draft),
            }
        ),
    )
    return Compiled(faces, frame)


def _html(content: Content, dress: Dress, page: Page, body: list[Piece]) -> list[Piece]:
    subject = _line("The subject", content.subject, dress.frame)
    preheader = _line("The preheader", content.preheader, dress.frame)
    holes: dict[str, list[Piece]] = {
        "body": body,
        "leave": [Hole(LEAVE, "as_html")],
        "title": weave_line(subject.text, subject),
        "preheader": weave_line(preheader.text, preheader),
    }
    return dress.html(
        holes,
        is_wide=page.is_wide,
        styles=Markup(page.styles),  # noqa: S704 - only class rules without "<" passed the filter
        has_preheader=bool(content.preheader),
    )


def _line(what: str, text: str, frame: Frame) -> Draft:
    if len(text) > LONGEST_LINE:
        raise BodyError(f"{what} is longer than {LONGEST_LINE} characters; shorten it.", "subject")
    return hide(one_line(what, text), frame.fields)


def _page(content: Content, frame: Frame) -> tuple[Draft, Page]:
    source = _source(content.body)
    match content.format:
        case Format.MARKDOWN:
            draft = hide(source, frame.fields)
            return draft, Page(from_markdown(draft))
        case Format.HTML:
            draft = hide(without_comments(source), frame.fields, in_markup=True)
            return draft, from_html(draft.text)
        case Format.MJML:
            draft = hide(without_comments(source), frame.fields, in_markup=True)
            return draft, from_mjml(draft.text)
    raise BodyError(f"“{content.format}” is not markdown, html or mjml.", "format")


def _source(body: str) -> str:
    """Lines end in LF; what no message can carry is refused."""
    if UNSENDABLE.search(body):
        raise BodyError("The text holds a NUL or half a character; write it anew.", "body")
    return body.replace("\r\n", "\n").replace("\r", "\n")
