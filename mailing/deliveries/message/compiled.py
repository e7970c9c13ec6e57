"""A message compiled once for a campaign and language, rendered for each person."""

from dataclasses import dataclass

from jinja2 import nodes

from mailing.deliveries.message.frame import Frame, Recipient, Stamp
from mailing.deliveries.message.headers import common, opening, personal, subject_text
from mailing.deliveries.message.merge import Tag
from mailing.deliveries.message.mime import boundary, content_type, multipart
from mailing.deliveries.message.octets import Octets
from mailing.deliveries.message.part import Part
from mailing.deliveries.message.program import Piece, Program, merge_values

# The one value that is not a field: authors cannot name it, the footer always holds it.
LEAVE = Tag("value", 0, nodes.Name("leave_url", "load"))


@dataclass(frozen=True, slots=True)
class Preview:
    """What one person would read; `html` is a whole document, `text` the plain part."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Faces:
    """The three texts of a message, with their holes; the footer is already in them."""

    subject: list[Piece]
    html: list[Piece]
    text: list[Piece]


class Compiled:
    """Whatever is the same for everybody is prepared; `render` does the rest."""

    __slots__ = ("_common", "_html", "_opening", "_subject", "_subject_text", "_text")

    def __init__(self, faces: Faces, frame: Frame) -> None:
        self._opening = opening(frame)
        self._common = "\r\n".join(common(frame))
        self._subject = Program(faces.subject)
        self._text = Part("plain", Program(faces.text))
        self._html = Part("html", Program(faces.html))
        fixed = self._subject.fixed
        self._subject_text = None if fixed is None else subject_text(fixed)

    def render(self, recipient: Recipient, stamp: Stamp) -> Octets:
        """The whole RFC 5322 message, ready for the wire: the same octets for the same input.

        Raises `UnsafeValue` when a value would break out of its line.
        """
        values = merge_values(recipient)
        values["leave_url"] = stamp.leave_url
        subject = self._subject_text
        if subject is None:
            subject = subject_text(self._subject.run(values))
        mark = boundary(stamp.delivery)
        fields = [
            self._opening,
            *personal(recipient.address, subject, stamp),
            self._common,
            content_type(mark),
            "\r\n",
        ]
        text, is_text_safe = self._text.octets(values)
        html, is_html_safe = self._html.octets(values)
        message = "\r\n".join(fields).encode() + multipart(mark, text, html)
        if is_text_safe and is_html_safe:
            # The header was checked field by field as it was written, and ends no line by itself.
            return Octets(message, len(message), recipient.address.isascii())
        return Octets.of(message)

    def preview(self, recipient: Recipient, stamp: Stamp) -> Preview:
        """What `render` packs, unpacked; raises `UnsafeValue`."""
        values = merge_values(recipient)
        values["leave_url"] = stamp.leave_url
        return Preview(
            subject=self._subject.run(values),
            html=self._html.text(values),
            text=self._text.text(values),
        )
