"""What became of one message, and the words for where a connection stands."""

from dataclasses import dataclass
from enum import StrEnum

from mailing.deliveries.permit import SendPermit


class Phase(StrEnum):
    """Where a connection stands; only IDLE takes a message, only AT_DOT takes `finish`."""

    CLOSED = "closed"
    CONNECTING = "connecting"
    IDLE = "idle"
    SENDING = "sending"
    AT_DOT = "at_dot"
    CONFIRMING = "confirming"
    QUITTING = "quitting"


class Verdict(StrEnum):
    """How the handing over of one message ended.

    LOST is surely not delivered: the dot never left. UNKNOWN may have been delivered: the dot
    left and no answer that can be read came back.
    """

    ACCEPTED = "accepted"
    REFUSED = "refused"
    DEFERRED = "deferred"
    LOST = "lost"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One permit's end: the relay's code and words, at most 512 characters, or our own."""

    permit: SendPermit
    verdict: Verdict
    code: int | None
    text: str
    dot_written: bool


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for each answer. RFC 5321 4.5.3.2 names the least values.

    `dot` must not be shortened in production: a client that gives up earlier than the server
    makes duplicates (RFC 5321 4.5.3.2.6).
    """

    connect: float = 30
    greeting: float = 300
    mail: float = 300
    rcpt: float = 300
    data: float = 120
    block: float = 180
    dot: float = 600
    quit: float = 2
