"""Claims: a withdrawal in somebody's name that nobody can be sure of, and their word on it.

They are blocked already. A mail to the address on file asks; by its link they confirm, and it is a
withdrawal, or say that it was not them, and the block is lifted. Nothing about a claim is stored
apart: that it is open is the block itself, and the link names the mail that it came in.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select

from mailing.base.database import db
from mailing.base.settings import current
from mailing.base.tokens import ClaimToken, link_keys
from mailing.deliveries import answers, returns
from mailing.deliveries.answers import Answer, AnswerKind
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people import address_changes, ledger, subscribers, suppression
from mailing.people.address import masked
from mailing.people.ledger import Entry, NewEntry
from mailing.people.ledger import Kind as Said
from mailing.people.subscribers import Subscriber
from mailing.people.suppression import Suppression, Why
from mailing.requests import acting, claim_mails, requests
from mailing.requests.acting import Closing
from mailing.requests.kinds import UNFINISHED, Identity, Kind, Resolution
from mailing.requests.letters import Letter
from mailing.requests.requests import NewRequest, Request, open_request

PERSON = 2.0
_GONE = (Why.WITHDRAWN, Why.DESTROYED)


class State(StrEnum):
    """What is so now."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"
    LIFTED = "lifted"


# What is still to come, by what is so now.
_WAITS = {State.OPEN: Kind.WITHDRAWAL, State.WITHDRAWN: Kind.DESTRUCTION}


@dataclass(frozen=True)
class ClaimView:
    """A claim as its page shows it. `can_deny` is False where whoever has the link can only
    confirm: the person has moved away from that mailbox. `number` and `due_at` are of what waits:
    the letter until it is answered, the destruction after a yes."""

    state: State
    address: str
    language: str
    can_deny: bool
    number: str | None = None
    due_at: datetime | None = None


def ask(letter: Letter, subscriber_id: UUID) -> Request:
    """Ask somebody who was just blocked whether it was them; the request that waits for it.

    Never commits.
    """
    subscriber = subscribers.lock(subscriber_id)
    request = _open(subscriber_id) or open_request(_new(letter, subscriber_id))
    if subscriber is not None and subscriber.blocked_at is not None:
        claim_mails.ask(subscriber, request)
    return request


def look(token: str) -> ClaimView | None:
    """What a link is about; None for one that is not ours."""
    answer, subscriber = _meant(token)
    if answer is None or subscriber is None:
        return None
    personal, state = subscribers.personal_of(subscriber), _state(subscriber)
    waiting = _open(subscriber.id, _WAITS.get(state))
    return ClaimView(
        state=state,
        address=masked(personal.email) if personal else "",
        language=subscriber.language,
        can_deny=_is_theirs(answer, subscriber),
        number=waiting.number if waiting else None,
        due_at=waiting.due_at if waiting else None,
    )


def confirm(token: str) -> ClaimView | None:
    """It was them, whatever was answered before: a "no" is never dropped, and whoever has the link
    of any mail could withdraw by that. None as for `look`. Leaving commits."""
    answer, subscriber = _meant(token)
    if answer is None or subscriber is None:
        return None
    subscribers.lock(subscriber.id)
    if _state(subscriber) is not State.WITHDRAWN:
        _take_up(subscriber.id)
        everything = Scope.everything()
        leave(Leaving(subscriber.id, everything, Said.WITHDRAWN, "claim", patience=PERSON))
        # The other button may have been pressed in the same moment.
        subscribers.lock(subscriber.id)
        _take_up(subscriber.id)
    settle(subscriber.id)
    returns.confirm_by_token(answer.delivery_id)
    return look(token)


def deny(token: str) -> ClaimView | None:
    """It was not them: the block is lifted, and what they had said yes to holds. None as for
    `look`."""
    answer, meant = _meant(token)
    subscriber = subscribers.lock(meant.id) if meant else None
    if answer is None or subscriber is None:
        return None
    blocked = _blocked_by_letter(subscriber)
    if blocked is not None and _is_theirs(answer, subscriber):
        _lift(subscriber, blocked)
    returns.confirm_by_token(answer.delivery_id)
    return look(token)


def _take_up(subscriber_id: UUID) -> None:
    """What was closed by "it was not me" waits again, so that a press cut short is finished."""
    found = requests.of_subscriber(subscriber_id)
    closed = [r for r in found if r.kind == Kind.WITHDRAWAL and r.ended is Resolution.REFUSED]
    if closed and _open(subscriber_id) is None:
        acting.take_up_by_person(requests.lock(closed[-1].id))


def settle(subscriber_id: UUID) -> None:
    """Finish what waits for somebody's word and has it: they have withdrawn. Twice is safe."""
    request = _open(subscriber_id)
    if request is not None:
        held = requests.lock(request.id)
        new = NewRequest(
            Kind.DESTRUCTION,
            subscriber_id=subscriber_id,
            inbound_id=held.inbound_id,
            identity=Identity.LINK,
        )
        open_request(new)
        confirmed = Closing(Resolution.DONE, "Confirmed by the link that was mailed.")
        acting.end_by_person(held, confirmed)


def settle_all() -> None:
    """The same for whoever has withdrawn by another door, or whose press was cut short."""
    query = (
        select(Request.subscriber_id)
        .join(Subscriber, Subscriber.id == Request.subscriber_id)
        .join(Suppression, Suppression.digest == Subscriber.digest)
        .where(Request.kind == Kind.WITHDRAWAL.value, Request.state.in_(UNFINISHED))
        .where(Suppression.reason.in_([why.value for why in _GONE]))
    )
    for subscriber_id in set(db.session.scalars(query)):
        if subscriber_id is not None:
            subscribers.lock(subscriber_id)
            settle(subscriber_id)


def _new(letter: Letter, subscriber_id: UUID) -> NewRequest:
    # Of several who may have written one letter, the first has it in their request; a stranger's
    # letter stands in the stranger's own.
    is_first = not any(r.kind == Kind.WITHDRAWAL for r in requests.of_message(letter.message_id))
    is_behind = is_first and letter.author.shows_who_it_is
    return letter.new_request(Kind.WITHDRAWAL, subscriber_id, is_behind)


def _open(subscriber_id: UUID, kind: Kind | None = Kind.WITHDRAWAL) -> Request | None:
    """What waits for somebody's word on a withdrawal, or for the officer after it."""
    found = requests.of_subscriber(subscriber_id)
    waiting = [r for r in found if r.kind == kind and r.state in UNFINISHED]
    return waiting[0] if waiting else None


def _meant(token: str) -> tuple[Answer | None, Subscriber | None]:
    read = ClaimToken.read(link_keys(current().secret_keys), token)
    answer = answers.find(read.delivery) if read else None
    if read is None or answer is None or answer.kind != AnswerKind.CLAIM:
        return None, None
    whose = db.session.get(Subscriber, read.subscriber, populate_existing=True)
    return (answer, whose) if answer.subscriber_id == read.subscriber else (None, None)


def _state(subscriber: Subscriber) -> State:
    is_gone = subscriber.personal is None or set(_GONE) & set(
        suppression.reasons(subscriber.digest)
    )
    if is_gone:
        return State.WITHDRAWN
    return State.OPEN if _blocked_by_letter(subscriber) else State.LIFTED


def _blocked_by_letter(subscriber: Subscriber) -> Entry | None:
    """The entry that blocks them because of a letter; whoever staff blocked is not meant."""
    entry = ledger.last(subscriber.id, None, Said.BLOCKED)
    is_meant = subscriber.blocked_at is not None and entry is not None and entry.source == "mail"
    return entry if is_meant else None


def _is_theirs(answer: Answer, subscriber: Subscriber) -> bool:
    """Whether the mail went to the mailbox that is theirs now: whoever reads a former one may say
    no in their name, and no yes."""
    moved_at = address_changes.moved_at(subscriber.id)
    return moved_at is None or answer.created_at > moved_at


def _lift(subscriber: Subscriber, blocked: Entry) -> None:
    if _state(subscriber) is State.WITHDRAWN:
        return
    ledger.append(
        NewEntry(
            subscriber_id=subscriber.id,
            kind=Said.RESTORED,
            topic_id=None,
            policy_id=None,
            source="claim",
            actor="subscriber",
            evidence={"undoes": blocked.hash.hex()},
        )
    )
    subscriber.blocked_at = None
    db.session.flush()
    request = _open(subscriber.id)
    if request is not None:
        denied = Closing(Resolution.REFUSED, "By the link that was mailed: it was not them.")
        acting.end_by_person(requests.lock(request.id), denied)
