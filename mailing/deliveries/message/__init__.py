"""The message: what a person receives, made from the author's words. Pure: no database, no clock.

`compile` once for a campaign and language, `Compiled.render` for each person (or `compose`, and
sign later), `inspect` the octets that came out. On the way: `composing` turns the content into
three texts with holes, `program` reads what stands in the holes, `layout` has the base64 around
them ready, `part` splices, `headers` writes the fields, `dkim` signs where the frame has keys.
"""

from mailing.base.operator import Operator
from mailing.campaigns.content import Content, Format
from mailing.deliveries.message.answer import AnswerMail, answer
from mailing.deliveries.message.blocks import IMAGE_NAME
from mailing.deliveries.message.compiled import Compiled, Preview
from mailing.deliveries.message.composed import Composed
from mailing.deliveries.message.composing import compile, links_of
from mailing.deliveries.message.confirmation import ConfirmMail, confirmation
from mailing.deliveries.message.counting import Left, Link
from mailing.deliveries.message.frame import (
    FIELDS,
    BodyError,
    Frame,
    Head,
    Kind,
    Recipient,
    SignedUp,
    Stamp,
    UnsafeValue,
)
from mailing.deliveries.message.inspection import Problem, inspect
from mailing.deliveries.message.octets import Octets
from mailing.deliveries.message.oversights import Oversight, oversights
from mailing.deliveries.message.reply import ReplyMail, reply

__all__ = [
    "FIELDS",
    "IMAGE_NAME",
    "AnswerMail",
    "BodyError",
    "Compiled",
    "Composed",
    "ConfirmMail",
    "Content",
    "Format",
    "Frame",
    "Head",
    "Kind",
    "Left",
    "Link",
    "Octets",
    "Operator",
    "Oversight",
    "Preview",
    "Problem",
    "Recipient",
    "ReplyMail",
    "SignedUp",
    "Stamp",
    "UnsafeValue",
    "answer",
    "compile",
    "confirmation",
    "inspect",
    "links_of",
    "oversights",
    "reply",
]
