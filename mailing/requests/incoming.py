"""Incoming: what all doors call for a message that came. Stored first, read once, acted upon once.

Whatever commits for itself (leaving does) comes first and can be done again without effect. The
rest, a request, a mail, the message's own end, is one transaction that compares the message's
state. So a crash anywhere in between is finished by the next delivery of the same octets, or by the
sweep, and two at once do everything once.
"""

from dataclasses import dataclass, replace
from uuid import UUID

import structlog

from mailing.base.database import db
from mailing.base.errors import ConfigurationError, Invalid, Missing, Unavailable
from mailing.base.reach import is_away
from mailing.base.settings import current
from mailing.deliveries import returns
from mailing.inbound import addresses, authors, messages, own_lists, traces
from mailing.inbound.messages import Ending, InboundMessage, State, Via
from mailing.inbound.reading import Kind, Reading, read
from mailing.policies import versions
from mailing.policies.marks import Marks
from mailing.requests import acknowledging, acts, following, requests
from mailing.requests.kinds import Kind as Asks
from mailing.requests.letters import Letter, Rest
from mailing.requests.requests import NewRequest, open_request

# A message that cannot be acted upon for a reason of its own is shown to a person.
MOST_TRIES = 8

_BY_PEOPLE = frozenset(
    {Kind.WITHDRAWAL, Kind.RECTIFICATION, Kind.QUESTION, Kind.UNSUBSCRIBE, Kind.JOIN}
)
# What people write in a reply is often like nothing else.
_REPLIES = _BY_PEOPLE | {Kind.UNCLEAR}

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
    if kind not in acts.OF_STAFF:
        raise Invalid("A letter is a withdrawal, rectification, question, unsubscribe or junk.")
    return _act_again(inbound_id, kind, actor)


def show(inbound_id: int, actor: str) -> Taken:
    """Put a message that was kept or ignored before a person, as a request that nobody has
    understood yet. Commits. Raises Missing."""
    return _act_again(inbound_id, Kind.UNCLEAR, actor)


def _act_again(inbound_id: int, kind: Kind, actor: str) -> Taken:
    message = messages.find(inbound_id)
    if message is None:
        raise Missing(f"There is no message {inbound_id}.")
    read_again = _read(message)
    letter = _letter(message, replace(read_again, kind=kind, reason="read by staff"), actor)
    return _finish(letter, acts.act(letter), messages.lock(inbound_id))


def sweep() -> int:
    """Act upon what was stored and left lying; how many. Each commits for itself. Twice is safe."""
    due = messages.left_lying()
    for message_id in due:
        _try_again(message_id)
    return len(due)


def has_to_wait(error: Exception) -> bool:
    """Whether what failed is not the message's own fault: a part that is needed is away, and every
    other message would fail, too. Such a message is tried for ever, less and less often."""
    return is_away(error) or isinstance(error, (Unavailable, ConfigurationError))


def _act(message_id: int) -> Taken:
    message = messages.find(message_id)
    if message is None:
        raise Missing(f"There is no message {message_id}.")
    if message.state != State.TAKEN:
        return Taken.of(message)
    letter = _letter(message, _read(message))
    return _finish(letter, acts.act(letter), messages.lock_taken(message_id))


def _read(message: InboundMessage) -> Reading:
    return read(
        own_lists.without(messages.octets_of(message)),
        _recipients_of_ours(message),
        authserv_ids=current().authserv_id,
        marks=_marks(),
    )


def _recipients_of_ours(message: InboundMessage) -> list[str]:
    """Another's unsubscribe address in the copy line asks them and not us. What our keys signed is
    ours for ever, also below a domain that we had before."""
    written = _plain_recipients(message)
    return [one for one in written if addresses.is_ours(one) or addresses.ways_out([one])]


def _plain_recipients(message: InboundMessage) -> list[str]:
    return list(map(addresses.plain, messages.recipients_of(message)))


def _marks() -> Marks:
    """Those of every version that was ever in force: whoever reads an old one writes its words."""
    declared = [version.declared_marks for version in versions.published()]
    return Marks(
        withdrawal=tuple({mark: None for one in declared for mark in one.withdrawal}),
        rectification=tuple({mark: None for one in declared for mark in one.rectification}),
    )


def _letter(message: InboundMessage, reading: Reading, actor: str = "kelisim") -> Letter:
    heading = messages.heading_of(message)
    return Letter(
        message_id=message.id,
        sha256=message.sha256,
        reading=reading,
        recipients=tuple(_plain_recipients(message)),
        author=authors.of(reading, messages.octets_of(message)),
        # Without a date nothing is said: whoever could take one away could write another.
        is_old=heading.at is not None and not heading.is_young(message.received_at),
        actor=actor,
    )


def _finish(letter: Letter, rest: Rest, message: InboundMessage | None) -> Taken:
    """Write what follows and that it is over, at once; whoever comes second finds it over."""
    if message is not None:
        ending = rest()
        messages.end(message, ending)
        messages.name_reported(message, letter.reading.reported)
        _acknowledge(letter, ending)
        _confirm_arrival(letter)
        _follow(letter, ending)
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


def _confirm_arrival(letter: Letter) -> None:
    """Whoever writes with a message of ours before them has received it, whatever the relay said.
    What a machine wrote, or nobody understood, proves nothing: it may be a new sort of bounce."""
    if letter.reading.kind in _BY_PEOPLE and letter.reading.is_answerable:
        for delivery_id in sorted(traces.shown(letter.reading.traces)):
            returns.confirm_by_token(delivery_id, letter.message_id)


def _follow(letter: Letter, ending: Ending) -> None:
    """A person's reply to what we wrote about a request lets it go on: they are waited for no
    longer. The reply is a request of its own, so nothing in it is lost."""
    if letter.reading.kind in _REPLIES and letter.reading.is_answerable:
        following.replied(traces.shown(letter.reading.traces), ending.request_id)


def _try_again(message_id: int) -> None:
    try:
        _act(message_id)
    except Exception as error:
        db.session.rollback()
        failures, name = messages.note_failure(message_id), type(error).__name__
        if has_to_wait(error):
            _log.warning("a message waits", message=message_id, error=name)
            return
        _log.error("a message failed", message=message_id, error=name)
        if failures >= MOST_TRIES:
            _give_to_a_person(message_id, name)


def _give_to_a_person(message_id: int, error: str) -> None:
    message = messages.lock_taken(message_id)
    if message is not None:
        request = open_request(NewRequest(Asks.UNCLEAR, inbound_id=message_id))
        reason = f"failed again and again: {error}"
        ending = Ending(Kind.UNCLEAR.value, "failed", reason, None, request.id, is_waiting=True)
        messages.end(message, ending)
    db.session.commit()
