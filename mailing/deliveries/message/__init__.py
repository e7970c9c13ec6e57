"""The message: what a person receives, made from the author's words. Pure: no database, no clock.

`compile` once for a campaign and language, `Compiled.render` for each person, `inspect` the
octets that came out.
"""

from mailing.campaigns.content import Content
from mailing.deliveries.message.compiled import Compiled, Preview
from mailing.deliveries.message.composing import compile
from mailing.deliveries.message.confirmation import ConfirmMail, confirmation
from mailing.deliveries.message.frame import (
    FIELDS,
    BodyError,
    Frame,
    Kind,
    Operator,
    Recipient,
    Stamp,
    UnsafeValue,
)
from mailing.deliveries.message.inspection import Problem, inspect
from mailing.deliveries.message.notice import PolicyChange, notice_content

__all__ = [
    "FIELDS",
    "BodyError",
    "Compiled",
    "ConfirmMail",
    "Content",
    "Frame",
    "Kind",
    "Operator",
    "PolicyChange",
    "Preview",
    "Problem",
    "Recipient",
    "Stamp",
    "UnsafeValue",
    "compile",
    "confirmation",
    "inspect",
    "notice_content",
]
