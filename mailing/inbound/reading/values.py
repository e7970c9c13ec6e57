"""The values that a reading is made of."""

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a message is, one of these; `unclear` is a person's to read."""

    WITHDRAWAL = "withdrawal"
    RECTIFICATION = "rectification"
    QUESTION = "question"
    UNSUBSCRIBE = "unsubscribe"
    JOIN = "join"
    BOUNCE_HARD = "bounce-hard"
    BOUNCE_SOFT = "bounce-soft"
    BOUNCE_OTHER = "bounce-other"
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto-reply"
    JUNK = "junk"
    UNCLEAR = "unclear"


class Action(StrEnum):
    """What a report says became of the message (RFC 3464 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


class Trust(StrEnum):
    """How sure it is that the author wrote it, by the receiving server's own
    `Authentication-Results` (RFC 8601): a pass of DKIM, SPF or DMARC aligned with `From`."""

    ALIGNED = "aligned"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Report:
    """What a bounce says of one recipient; `status` as `5.1.1`, empty where none was given.

    `original` is the address that the message was sent to, where the report says that it was
    another one (RFC 3464 2.3.1).
    """

    address: str
    action: Action = Action.FAILED
    status: str = ""
    diagnostic: str = ""
    original: str = ""
    kind: Kind = Kind.BOUNCE_OTHER
    """What it says of this recipient alone: `bounce-hard`, `bounce-soft` or `bounce-other`."""

    @property
    def written_to(self) -> str:
        """The address that we had written to; the final one may be where it was passed on to."""
        return self.original or self.address


@dataclass(frozen=True)
class Traces:
    """Whatever in a message may lead back to one of ours. Strings as found, not yet verified."""

    message_ids: tuple[str, ...] = ()
    """Without brackets: In-Reply-To, References, and the Message-ID of a returned message."""
    deliveries: tuple[str, ...] = ()
    """`X-Kelisim-Delivery` of a returned message."""
    leave_links: tuple[str, ...] = ()
    """`List-Unsubscribe` addresses of a returned or quoted message: https and mailto."""


@dataclass(frozen=True)
class Reading:
    """One message, understood once. `kind` and `reason` say what it is and by what it was known."""

    kind: Kind
    reason: str
    message_id: str | None = None
    sender: str | None = None
    """The address in `From`, as written; None where there is none or more than one."""
    return_path: str | None = None
    """`Return-Path`; an empty text is the null path, None is not stated."""
    reply_to: str | None = None
    subject: str = ""
    text: str = ""
    """What the author wrote, without what is quoted below or above it; at most 64 KiB."""
    language: str | None = None
    """`kk`, `ru` or `en` where the words tell it."""
    reports: tuple[Report, ...] = ()
    """For bounces: one a recipient, in their order."""
    feedback_type: str = ""
    """For complaints: `abuse`, `opt-out`, `fraud`, `virus`, `not-spam`, `auth-failure`, …"""
    complained_of: tuple[str, ...] = ()
    """For complaints: whose mailbox it was, where it is said."""
    trust: Trust = Trust.UNKNOWN
    is_passed_on: bool = False
    """Whether the words that decided are somebody else's, which the author only forwarded."""
    is_answerable: bool = True
    """False for whatever must never get an automatic answer (RFC 3834 section 2)."""
    traces: Traces = field(default_factory=Traces)

    @property
    def reported(self) -> tuple[str, ...]:
        """Whom a bounce or a complaint is about."""
        return (*(one.written_to for one in self.reports), *self.complained_of)

    @property
    def recipients(self) -> tuple[str, ...]:
        """The addresses that a bounce or a complaint is about."""
        return tuple(report.address for report in self.reports) or self.complained_of
