"""What became of one message, and the words for where a connection stands."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from mailing.deliveries.permit import SendPermit

# Where RFC 2034 4 puts it, at the start of the text, or as `#5.1.1` further on, as qmail writes.
STATUS = re.compile(r"(?:^|#)(([245])\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.])")


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


class Stage(StrEnum):
    """What the relay answered; BODY: it spoke unasked, before the dot."""

    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    DOT = "dot"


class Outcome(NamedTuple):
    """One permit's end: the relay's code and words, at most 512 characters, or our own.

    `code` and `stage` are None where no answer of the relay decided. A named tuple since one is
    made for each message: 1.0 us, where a frozen dataclass takes 2.0.
    """

    permit: SendPermit
    verdict: Verdict
    code: int | None
    text: str
    dot_written: bool
    stage: Stage | None = None

    @property
    def status(self) -> str | None:
        """The enhanced status code in the relay's words ("5.1.1"), or None. RFC 3463, RFC 2034.

        One whose first digit contradicts the reply code is not believed.
        """
        found = STATUS.search(self.text) if self.code is not None else None
        return found[1] if found and found[2] == str(self.code)[0] else None


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
