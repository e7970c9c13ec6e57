"""A message compiled once for a campaign and language, rendered for each person."""

from dataclasses import dataclass

from jinja2 import nodes

from mailing.campaigns.content import LINK
from mailing.deliveries.message.canonical import relaxed_body
from mailing.deliveries.message.composed import Composed
from mailing.deliveries.message.dkim import Signer
from mailing.deliveries.message.frame import Frame, Kind, Recipient, Stamp
from mailing.deliveries.message.headers import (
    PERSONAL,
    UNLISTED,
    common,
    opening,
    personal,
    subject_text,
)
from mailing.deliveries.message.merge import Tag
from mailing.deliveries.message.mime import AROUND, boundary, content_type, multipart, stuffed
from mailing.deliveries.message.octets import Octets
from mailing.deliveries.message.part import Part
from mailing.deliveries.message.person import merge_values
from mailing.deliveries.message.program import Piece, Program
from mailing.deliveries.message.signedup import Sentence, untold

# The values that are no fields: authors cannot name them, the footer holds them.
LEAVE = Tag("value", 0, nodes.Name("leave_url", "load"))
PREFERENCES = Tag("value", 0, nodes.Name("preferences_url", "load"))
SIGNED_UP = Tag("value", 0, nodes.Name("signed_up", "load"))


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
    """Whatever is the same for everybody is prepared; `compose` does the rest but the signatures.

    They may wait until a whole group is composed: RSA leaves nothing of what composing needs in the
    processor's caches, and a group that is signed in one go costs a twelfth less
    (docs/benchmarks.md).
    """

    __slots__ = (
        *("_common", "_html", "_opening", "_signed_up", "_signer"),
        *("_subject", "_subject_text", "_text"),
    )

    def __init__(self, faces: Faces, frame: Frame, signed_up: Sentence = untold) -> None:
        self._signed_up = signed_up
        shared = [opening(frame), *common(frame)]
        self._opening, self._common = shared[0], "\r\n".join(shared[1:])
        names = UNLISTED if frame.reason is Kind.CORRESPONDENCE else PERSONAL
        self._signer = Signer(frame.keys, shared, names) if frame.keys else None
        self._subject = Program(faces.subject)
        self._text = Part("plain", Program(faces.text))
        self._html = Part("html", Program(faces.html))
        fixed = self._subject.fixed
        self._subject_text = subject_text(fixed) if fixed else None

    def render(self, recipient: Recipient, stamp: Stamp) -> Octets:
        """The whole RFC 5322 message, ready for the wire: the same octets for the same input.

        Raises `UnsafeValue` when a value would break out of its line.
        """
        return self.compose(recipient, stamp).signed()

    def compose(self, recipient: Recipient, stamp: Stamp) -> Composed:
        """What `render` gives, with its signatures still to be made.

        Raises `UnsafeValue` as well. In one piece because every message passes here: 12 µs for
        11 kB of Kazakh with a name in each paragraph; what is signed with RSA of 2048 bits takes
        222 more in the end, of which OpenSSL alone takes 216 (Ed25519: 31 and 20).
        """
        values = merge_values(recipient)
        values["leave_url"], values[LINK] = stamp.leave_url, stamp.link_token
        values["preferences_url"] = stamp.preferences_url
        values["signed_up"] = self._signed_up(stamp.signed_up)
        mark = boundary(stamp.delivery)
        subject = self._subject_text or subject_text(self._subject.run(values))
        own, kind = personal(recipient.address, subject, stamp), content_type(mark)
        text, text_size, is_text_base64 = self._text.encoded(values)
        html, html_size, is_html_base64 = self._html.encoded(values)
        head = "\r\n".join([self._opening, *own, self._common, kind, "\r\n"]).encode()
        wire = body = multipart(mark, text, html)
        size = len(head) + AROUND + 3 * len(mark) + text_size + html_size
        # Each part was made of what was checked; base64 has no dot to double, and no blank either.
        is_base64 = is_text_base64 and is_html_base64
        if not is_base64:
            wire = multipart(mark, stuffed(text), stuffed(html))
        octets = Octets([head, *wire], size, recipient.address.isascii())
        if not self._signer:
            return Composed(octets)
        whole = b"".join(body)
        relaxed = whole if is_base64 else relaxed_body(whole)
        return Composed(octets, self._signer.unmade([*own, kind], relaxed, stamp.date))

    def preview(self, recipient: Recipient, stamp: Stamp) -> Preview:
        """What `render` packs, unpacked; raises `UnsafeValue`."""
        values = merge_values(recipient)
        values["leave_url"], values[LINK] = stamp.leave_url, stamp.link_token
        values["preferences_url"] = stamp.preferences_url
        values["signed_up"] = self._signed_up(stamp.signed_up)
        return Preview(
            subject=self._subject.run(values),
            html=self._html.text(values),
            text=self._text.text(values),
        )
