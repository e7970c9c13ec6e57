"""What a request is about, how it came, where it stands, how it ended."""

from enum import StrEnum


class Kind(StrEnum):
    """What a person asks for; `unclear` waits for somebody to say what it is."""

    WITHDRAWAL = "withdrawal"
    RECTIFICATION = "rectification"
    QUESTION = "question"
    ACCESS = "access"
    DESTRUCTION = "destruction"
    UNSUBSCRIBE = "unsubscribe"
    JOIN = "join"
    COMPLAINT = "complaint"
    UNCLEAR = "unclear"
    JUNK = "junk"


class Channel(StrEnum):
    """By which way it came."""

    MAIL = "mail"
    FORM = "form"
    LETTER = "letter"
    STAFF = "staff"


class State(StrEnum):
    """Where it stands: `waiting` is for the person, `answered` may still be closed or taken up."""

    OPEN = "open"
    WAITING = "waiting"
    ANSWERED = "answered"
    CLOSED = "closed"


class Resolution(StrEnum):
    """How it ended."""

    DONE = "done"
    REFUSED = "refused"
    DUPLICATE = "duplicate"
    NOT_OURS = "not_ours"
    NO_REPLY = "no_reply"
    JUNK = "junk"


class Happened(StrEnum):
    """What a line of the timeline says."""

    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    RECLASSIFIED = "reclassified"
    READ = "read"
    ANSWERED = "answered"
    CLOSED = "closed"
    TAKEN_UP = "taken_up"
    ACTED = "acted"


# What no person wrote, or nobody has understood yet: no receipt goes out for it.
UNSPOKEN = frozenset({Kind.UNCLEAR, Kind.JUNK})
UNFINISHED = frozenset({State.OPEN, State.WAITING})
