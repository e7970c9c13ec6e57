"""A reply to what somebody wrote to us: plain text, as brief as a letter, in their own thread.

An automatic one keeps RFC 3834: `Auto-Submitted: auto-replied` (3.1.7), `In-Reply-To` and
`References` (3.1.6), text/plain (3.2), no `Reply-To` (4); the gate gives it the null path (3.3).
Its subject does not repeat theirs, as 3.1.5 would like: whoever forges a sender would choose what
we write to a stranger.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mailing.deliveries.message.canonical import relaxed_body
from mailing.deliveries.message.composed import Composed
from mailing.deliveries.message.dkim import Signer
from mailing.deliveries.message.frame import UNSAFE, Frame, Recipient, Stamp, UnsafeValue
from mailing.deliveries.message.headers import opening, personal, subject_text
from mailing.deliveries.message.mime import base64_lines, is_plain
from mailing.deliveries.message.octets import Octets


@dataclass(frozen=True, slots=True)
class ReplyMail:
    """The words of a reply, in lines that end in LF. `in_reply_to` and `references` are ids
    without brackets, made sure of by whoever took them from a message."""

    subject: str
    text: str
    in_reply_to: str | None = None
    references: Sequence[str] = ()
    is_automatic: bool = False


def reply(frame: Frame, mail: ReplyMail, recipient: Recipient, stamp: Stamp) -> Octets:
    """The whole message, the same octets for the same input; raises `UnsafeValue`."""
    unlisted = stamp._replace(leave_url="", leave_mailto="")
    encoding, body = _body(mail.text)
    fields = [
        opening(frame),
        *personal(recipient.address, subject_text(mail.subject), unlisted),
        *_threaded(mail),
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Transfer-Encoding: {encoding}",
    ]
    octets = Octets.of("\r\n".join([*fields, "\r\n"]).encode() + body)
    signer = Signer(frame.keys, (), [field.partition(":")[0] for field in fields])
    return Composed(octets, signer.unmade(fields, relaxed_body(body), stamp.date)).signed()


def _threaded(mail: ReplyMail) -> list[str]:
    fields = ["Auto-Submitted: auto-replied"] if mail.is_automatic else []
    if mail.in_reply_to:
        fields.append(f"In-Reply-To: <{mail.in_reply_to}>")
    if mail.references:
        fields.append("References: " + "\r\n ".join(f"<{one}>" for one in mail.references))
    if UNSAFE.search("".join(fields).replace("\r\n ", "")):
        raise UnsafeValue("An id of the message that is answered would break its line.")
    return fields


def _body(text: str) -> tuple[str, bytes]:
    found = UNSAFE.search(text.replace("\n", ""))
    if found:
        raise UnsafeValue(f"The text holds U+{ord(found[0]):04X}; remove it.", "text")
    octets = (text.rstrip("\n") + "\n").replace("\n", "\r\n").encode()
    if is_plain(text):
        return "7bit", octets
    return "base64", b"\r\n".join(base64_lines(octets)) + b"\r\n"
