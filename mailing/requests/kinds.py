"""What a request is about, how it came, where it stands, how it ended."""

from enum import StrEnum


class Kind(StrEnum):
    """What a person asks for; `unclear` waits for somebody to say what it is."""

    WITHDRAWAL = "withdrawal"
    RECTIFICATION = "rectification"
    QUESTION = "question"
    ACCESS = "access"
    DESTRUCTION = "destruction"
    BLOCKING = "blocking"
    UNBLOCKING = "unblocking"
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
    RIGHT_ADDED = "right_added"
    RULED = "ruled"
    FINISHED = "finished"
    PAUSED = "paused"
    RESUMED = "resumed"
    EXTENDED = "extended"
    MERGED = "merged"
    MERGED_IN = "merged_in"
    REPLIED = "replied"
    IDENTITY_ASKED = "identity_asked"
    IDENTIFIED = "identified"
    IDENTITY_DENIED = "identity_denied"
    CORRECTION_ASKED = "correction_asked"
    CORRECTED = "corrected"
    CORRECTION_DENIED = "correction_denied"
    UNANSWERED = "unanswered"


class Identity(StrEnum):
    """Whether whoever asks is the person whom it is about, and how we know."""

    UNKNOWN = "unknown"
    ASKED = "asked"
    SENDER = "sender"
    LINK = "link"
    STAFF = "staff"
    DENIED = "denied"


class RightState(StrEnum):
    """Where one right of a request stands: `decided` waits for what was granted to be done."""

    OPEN = "open"
    DECIDED = "decided"
    DONE = "done"


class Ruling(StrEnum):
    """What the officer decides on one right."""

    GRANT = "grant"
    PART = "part"
    REFUSE = "refuse"


class PauseReason(StrEnum):
    """What a request waits for while its clock stands still."""

    IDENTITY = "identity"
    CLARIFICATION = "clarification"
    DOCUMENTS = "documents"


# What no person wrote, or nobody has understood yet: no receipt goes out for it.
UNSPOKEN = frozenset({Kind.UNCLEAR, Kind.JUNK})
UNFINISHED = frozenset({State.OPEN, State.WAITING})

# What a person may ask for in plain words, by a form, a letter or on the telephone.
RIGHTS = (
    Kind.ACCESS,
    Kind.RECTIFICATION,
    Kind.BLOCKING,
    Kind.UNBLOCKING,
    Kind.WITHDRAWAL,
    Kind.DESTRUCTION,
    Kind.QUESTION,
)
# What is granted to nobody but the person themselves.
OF_THE_PERSON = frozenset(RIGHTS) - {Kind.QUESTION}
PROVED = frozenset({Identity.SENDER, Identity.LINK, Identity.STAFF})
