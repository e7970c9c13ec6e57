"""What was seen of one campaign, by those around the product: the relay, the leavers, the database.

All times are CLOCK_MONOTONIC of this machine, in seconds.
"""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Dot:
    """A final dot that came to the relay; accepted: it took the message, answered or not."""

    recipient: str
    message_id: str
    at: float
    is_accepted: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to somebody who left, and the Message-IDs that it names as past recall."""

    recipient: str
    at: float
    named: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sample:
    """The campaign's rows by state, in one snapshot that was over at `at`."""

    at: float
    audience: int
    rows: dict[str, int]


@dataclass(frozen=True, slots=True)
class Ending:
    """What the database says in the end became of one person's delivery."""

    delivery_id: UUID
    state: str
    reason: str | None


@dataclass(frozen=True)
class Trace:
    """One campaign. `unanswered`: deliveries whose dot stands in a send journal (`D`) without an
    answer (`K`) at their last attempt."""

    people: frozenset[str]
    dots: tuple[Dot, ...]
    answers: tuple[Answer, ...]
    samples: tuple[Sample, ...]
    endings: dict[str, Ending]
    unanswered: frozenset[UUID]
    state: str
