"""A message compiled once for a campaign and language, rendered for each person."""

from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import nodes

from mailing.deliveries.message.frame import Frame, Recipient, Stamp
from mailing.deliveries.message.headers import common, opening, personal, subject_text
from mailing.deliveries.message.merge import Tag
from mailing.deliveries.message.mime import boundary, content_type, multipart, part
from mailing.deliveries.message.octets import Octets
from mailing.deliveries.message.plaintext import MANY_LINES
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
    """Whatever is the same for everybody is prepared; `render` does the rest.

    A Kazakh mail of 11 kB HTML and 8 kB text takes about 0.12 ms, some forty times less than
    compiling it; a test holds on to the ratio.
    """

    __slots__ = ("_common", "_html", "_opening", "_subject", "_subject_text", "_text")

    def __init__(self, faces: Faces, frame: Frame) -> None:
        self._opening = opening(frame)
        self._common = common(frame)
        self._subject = Program(faces.subject)
        self._html = Program(faces.html)
        self._text = Program(faces.text)
        fixed = self._subject.fixed
        self._subject_text = None if fixed is None else subject_text(fixed)

    def render(self, recipient: Recipient, stamp: Stamp) -> Octets:
        """The whole RFC 5322 message, ready for the wire: the same octets for the same input.

        Raises `UnsafeValue` when a value would break out of its line.
        """
        preview = self.preview(recipient, stamp)
        mark = boundary(stamp.delivery)
        fields = [
            self._opening,
            *personal(recipient.address, self._encoded(preview.subject), stamp),
            *self._common,
            content_type(mark),
        ]
        parts = [part("plain", preview.text), part("html", preview.html)]
        head = "\r\n".join(fields).encode()
        return Octets.of(head + b"\r\n\r\n" + multipart(mark, parts))

    def preview(self, recipient: Recipient, stamp: Stamp) -> Preview:
        """What `render` packs, unpacked; raises `UnsafeValue`."""
        values: Mapping[str, str] = merge_values(recipient) | {"leave_url": stamp.leave_url}
        text = self._text.run(values)
        return Preview(
            subject=self._subject.run(values),
            html=self._html.run(values),
            text=MANY_LINES.sub("\n\n", text) if "\n\n\n" in text else text,
        )

    def _encoded(self, subject: str) -> str:
        return subject_text(subject) if self._subject_text is None else self._subject_text
