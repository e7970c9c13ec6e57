"""Incoming: what all doors call for a message that came. Stored first, read once, acted upon once.

Whatever commits for itself (leaving does) comes first and can be done again without effect. The
rest, a request, a mail, the message's own end, is one transaction that compares the message's
state. So a crash anywhere in between is finished by the next delivery of the same octets, or by the
sweep, and two at once do everything once.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError

from mailing.base.database import db
from mailing.base.errors import Invalid, Missing, Unavailable
from mailing.base.settings import current
from mailing.inbound import authors, bounces, complaints, messages
from mailing.inbound.messages import Ending, InboundMessage, State, Via
from mailing.inbound.outcomes import Outcome
from mailing.inbound.reading import Kind, Reading, read
from mailing.policies import versions
from mailing.policies.marks import Marks
from mailing.requests import acknowledging, joins, requests, unsubscribes, withdrawals
from mailing.requests.kinds import Kind as Asks
from mailing.requests.letters import Letter, Rest

# A message that cannot be acted upon for a reason of its own is shown to a person.
MOST_TRIES = 8

_log = structlog.get_logger()


@dataclass(frozen=True)
class Taken:
    """What a message was and what was done about it; `is_new` where it had not come before."""

    id: int
    kind: str
    action: str
    subscriber: UUID | None
    reason: str
    request_id: int | None
    is_new: bool = False
    is_waiting: bool = False

    @classmethod
    def of(cls, message: InboundMessage) -> "Taken":
        """As its row says."""
        return cls(
            id=message.id,
            kind=message.kind,
            action=message.action,
            subscriber=message.subscriber_id,
            reason=message.reason,
            request_id=message.request_id,
            is_waiting=message.state == State.WAITING,
        )


def take(raw: bytes, recipients: list[str], via: Via = Via.FILE) -> Taken:
    """Store a message and act upon it; the same message again changes nothing. Commits.

    Raises Unavailable where a "no" in it cannot be made durable now: it is stored, and acted upon
    when it comes again or by the sweep.
    """
    message, is_new = messages.store(raw, recipients, via)
    return replace(_act(message.id), is_new=is_new)


def act_as(inbound_id: int, kind: Kind, actor: str) -> Taken:
    """Act upon a message as what staff say that it is. Commits. Raises Missing for none, Invalid
    for a kind that only a mail system can say."""
    if kind not in _OF_STAFF:
        raise Invalid("A letter is a withdrawal, rectification, question, unsubscribe or junk.")
    message = messages.find(inbound_id)
    if message is None:
        raise Missing(f"There is no message {inbound_id}.")
    read_again = _read(message)
    letter = _letter(message, replace(read_again, kind=kind, reason="read by staff"), actor)
    rest = _ACTS[kind](letter)
    return _finish(letter, rest, messages.lock(inbound_id))


def sweep() -> int:
    """Act upon what was stored and left lying; how many. Each commits for itself. Twice is safe."""
    due = messages.left_lying()
    for message_id in due:
        _try_again(message_id)
    return len(due)


def _act(message_id: int) -> Taken:
    message = messages.find(message_id)
    if message is None:
        raise Missing(f"There is no message {message_id}.")
    if message.state != State.TAKEN:
        return Taken.of(message)
    letter = _letter(message, _read(message))
    rest = _ACTS[letter.reading.kind](letter)
    return _finish(letter, rest, messages.lock_taken(message_id))


def _read(message: InboundMessage) -> Reading:
    return read(
        messages.octets_of(message),
        messages.recipients_of(message),
        authserv_ids=current().authserv_id,
        marks=_marks(),
    )


def _marks() -> Marks:
    """Those of every version that was ever in force: whoever reads an old one writes its words."""
    declared = [version.declared_marks for version in versions.published()]
    return Marks(
        withdrawal=tuple({mark: None for one in declared for mark in one.withdrawal}),
        rectification=tuple({mark: None for one in declared for mark in one.rectification}),
    )


def _letter(message: InboundMessage, reading: Reading, actor: str = "kelisim") -> Letter:
    return Letter(
        message_id=message.id,
        sha256=message.sha256,
        reading=reading,
        recipients=tuple(messages.recipients_of(message)),
        author=authors.of(reading),
        actor=actor,
    )


def _finish(letter: Letter, rest: Rest, message: InboundMessage | None) -> Taken:
    """Write what follows and that it is over, at once; whoever comes second finds it over."""
    if message is not None:
        ending = rest()
        messages.end(message, ending)
        _acknowledge(letter, ending)
    db.session.commit()
    found = messages.find(letter.message_id)
    if found is None:
        raise Missing(f"There is no message {letter.message_id}.")
    return Taken.of(found)


def _acknowledge(letter: Letter, ending: Ending) -> None:
    """A receipt to the sender; whoever is asked whether it was them hears of it by that mail."""
    is_asked = ending.action == "blocked" and letter.author.known == ending.subscriber_id
    if ending.request_id is not None and not is_asked:
        acknowledging.acknowledge(requests.find(ending.request_id))


def _try_again(message_id: int) -> None:
    try:
        _act(message_id)
    except (Unavailable, DBAPIError) as error:
        # What is away comes back: such a message is tried for ever, less and less often.
        db.session.rollback()
        _log.warning("a message waits", message=message_id, error=type(error).__name__)
        messages.note_failure(message_id)
    except Exception as error:
        db.session.rollback()
        _log.error("a message failed", message=message_id, error=type(error).__name__)
        if messages.note_failure(message_id) >= MOST_TRIES:
            _give_to_a_person(message_id)


def _give_to_a_person(message_id: int) -> None:
    message = messages.lock_taken(message_id)
    if message is not None:
        messages.end(
            message, Ending(message.kind, "failed", "failed again and again", None, None, True)
        )
    db.session.commit()


def _request(kind: Asks) -> Callable[[Letter], Rest]:
    """Leave it to the officer."""

    def act(letter: Letter) -> Rest:
        whose = letter.author.likely
        return lambda: letter.ending("opened", whose, letter.ask_a_person(kind, whose))

    return act


def _show(letter: Letter) -> Rest:
    """Nobody has understood it: a person reads it."""
    whose = letter.author.likely

    def rest() -> Ending:
        request = letter.ask_a_person(Asks.UNCLEAR, whose)
        return replace(letter.ending("waiting", whose, request), is_waiting=True)

    return rest


def _keep(letter: Letter) -> Rest:
    """It asks for nothing."""
    return lambda: letter.ending("kept", letter.author.likely)


def _bounced(letter: Letter) -> Rest:
    """A mail system says what became of a message of ours."""
    return lambda: _ended(letter, bounces.apply)


def _complained(letter: Letter) -> Rest:
    """Somebody pressed "this is spam": that leaves, and commits."""
    ending = _ended(letter, complaints.apply)
    return lambda: ending


def _ended(letter: Letter, apply: Callable[[int, Reading, list[str]], Outcome]) -> Ending:
    outcome = apply(letter.message_id, letter.reading, list(letter.recipients))
    return replace(letter.ending(outcome.action, outcome.subscriber), reason=outcome.reason)


_ACTS: dict[Kind, Callable[[Letter], Rest]] = {
    Kind.WITHDRAWAL: withdrawals.withdraw,
    Kind.UNSUBSCRIBE: unsubscribes.unsubscribe,
    Kind.JOIN: joins.join,
    Kind.RECTIFICATION: _request(Asks.RECTIFICATION),
    Kind.QUESTION: _request(Asks.QUESTION),
    Kind.UNCLEAR: _show,
    Kind.JUNK: _keep,
    Kind.AUTO_REPLY: _keep,
    Kind.BOUNCE_HARD: _bounced,
    Kind.BOUNCE_SOFT: _bounced,
    Kind.BOUNCE_OTHER: _bounced,
    Kind.COMPLAINT: _complained,
}
_OF_STAFF = frozenset(
    {Kind.WITHDRAWAL, Kind.RECTIFICATION, Kind.QUESTION, Kind.UNSUBSCRIBE, Kind.JUNK}
)
