"""Moving: a change of address that both mailboxes have to agree to (T21, T22).

Nothing changes until both have said yes within seven days. The person keeps their id, and with
it every yes and no, and the chain of their ledger; only where they are found and written to
changes. The gate locks the same row, so each message goes either to the address before or to
the address after.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.base.settings import current
from mailing.base.tokens import AddressToken, link_keys
from mailing.deliveries import answers
from mailing.deliveries.answers import AnswerKind, NewAnswer
from mailing.leaving import kept_out, scope
from mailing.people import address_changes, subscribers, suppression
from mailing.people.address import Address, masked
from mailing.people.address_changes import AddressChange, End, State
from mailing.people.canonical import canonical
from mailing.people.subscribers import Subscriber, digest_of
from mailing.people.suppression import Why
from mailing.requests import following, fresh
from mailing.staff import audit

LASTS = timedelta(days=7)
A_DAY = timedelta(days=1)
MOST_A_DAY = 2
A_BATCH = 500
# A bounce, or having moved away, says nothing against whoever answers from that mailbox now.
_DISPROVED = {Why.BOUNCE, Why.MOVED}


@dataclass(frozen=True)
class MoveView:
    """A change as the page of one of its ends shows it."""

    end: End
    state: State
    has_agreed: bool
    other_has_agreed: bool
    new_address: str
    until: datetime
    language: str


def ask(token: str, address: str) -> None:
    """Wish for another address by a fresh link: both mailboxes are asked.

    Whatever is known of the new address, the answer is the same: whether it may be used is
    decided when both have agreed. Raises Conflict for a link that is not fresh (any more),
    Invalid for what is no address and for the one that is theirs.
    """
    found = fresh.person_of_fresh(token)
    held = subscribers.lock(found.id) if found else None
    if held is None or held.personal is None:
        raise Conflict("Only a fresh link may change an address.")
    ask_for(held, address)


def ask_for(held: Subscriber, address: str) -> None:
    """The same for whoever asked the desk: both mailboxes decide. The row is locked; raises
    Invalid as `ask` does."""
    new = canonical(address)
    if digest_of(new) == held.digest:
        raise Invalid("This is the address that is used already.", field="email")
    is_free = _may_ask_once_more(held, new)
    with db.session.begin_nested() as attempt:
        _stop_others(held)
        _open(held, new)
        if not is_free:
            attempt.rollback()


def look(token: str) -> MoveView | None:
    """What a link of one of the two mails is about; None for a link that is not ours."""
    read = AddressToken.read(link_keys(current().secret_keys), token)
    change = address_changes.find(read.change) if read else None
    return _view(change, End(read.end)) if read and change else None


def agree(token: str) -> MoveView | None:
    """Say yes from one end; with the second yes the address changes. None as for `look`."""
    change, end, subscriber = _held(token)
    if change is None:
        return None
    if change.standing is State.OPEN:
        _note_yes(change, end)
        if change.old_agreed_at and change.new_agreed_at:
            _move(change, subscriber)
    return _view(change, end)


def stop(token: str) -> MoveView | None:
    """Say no from one end, for both. None as for `look`."""
    change, end, _ = _held(token)
    if change is None:
        return None
    if change.standing is State.OPEN:
        _close(change, State.STOPPED)
    return _view(change, end)


def forget_unanswered() -> int:
    """Forget the new addresses that nobody agreed to within seven days; how many. Twice is safe."""
    over = select(AddressChange.id, AddressChange.subscriber_id).where(
        AddressChange.expires_at <= clock.now(),
        or_(AddressChange.state == State.OPEN.value, AddressChange.digest.is_not(None)),
    )
    due = list(db.session.execute(over.order_by(AddressChange.subscriber_id).limit(A_BATCH)))
    for change_id, subscriber_id in due:
        subscribers.lock(subscriber_id)
        change = address_changes.find(change_id)
        if change is not None and change.state == State.OPEN:
            _close(change, State.EXPIRED)
        if change is not None:
            change.digest = None
    return len(due)


def _open(subscriber: Subscriber, new: Address) -> None:
    at = clock.now()
    change = AddressChange(
        subscriber_id=subscriber.id,
        state=State.OPEN.value,
        personal=answers.sealed_address(subscriber.id, new),
        digest=digest_of(new),
        created_at=at,
        expires_at=at + LASTS,
    )
    db.session.add(change)
    db.session.flush()
    to_old = NewAnswer(subscriber.id, AnswerKind.OLD_ADDRESS, LASTS, change.id)
    answers.write(to_old)
    answers.write(replace(to_old, kind=AnswerKind.NEW_ADDRESS, address=new))


def _may_ask_once_more(subscriber: Subscriber, new: Address) -> bool:
    """Two a day for each person, and for each address that is named by whomever."""
    query = select(func.count()).where(
        AddressChange.created_at > clock.now() - A_DAY,
        or_(AddressChange.subscriber_id == subscriber.id, AddressChange.digest == digest_of(new)),
    )
    return db.session.execute(query).scalar_one() < MOST_A_DAY


def _stop_others(subscriber: Subscriber) -> None:
    for change in address_changes.of(subscriber.id):
        if change.state == State.OPEN:
            _close(change, State.STOPPED)


def _held(token: str) -> tuple[AddressChange | None, End, Subscriber | None]:
    """The change of a link, with its subscriber's row locked against everything else."""
    read = AddressToken.read(link_keys(current().secret_keys), token)
    change = address_changes.find(read.change) if read else None
    if read is None or change is None:
        return None, End.OLD, None
    subscriber = subscribers.lock(change.subscriber_id)
    return address_changes.find(read.change), End(read.end), subscriber


def _note_yes(change: AddressChange, end: End) -> None:
    if end is End.OLD:
        change.old_agreed_at = change.old_agreed_at or clock.now()
    else:
        change.new_agreed_at = change.new_agreed_at or clock.now()
    db.session.flush()


def _move(change: AddressChange, subscriber: Subscriber | None) -> None:
    if subscriber is None or not _may_move(change, subscriber):
        _close(change, State.REFUSED)
        return
    new, former = canonical(change.address), subscriber.digest
    try:
        with db.session.begin_nested():
            _rewrite(subscriber, new)
    except IntegrityError:
        # Somebody is known by this address since a moment ago.
        db.session.refresh(subscriber)
        _close(change, State.REFUSED)
        return
    # What the mailbox before was asked, it can say yes to no longer.
    scope.cancel_requests([subscriber.id], None)
    change.former = former
    _close(change, State.DONE)
    suppression.lift_bounce(subscriber.digest)
    audit.record_of_subscriber("change address", subscriber.id, change=str(change.id))
    following.address_moved(subscriber.id)
    kept_out.write_down(subscriber.id, former, Why.MOVED)


def _may_move(change: AddressChange, subscriber: Subscriber) -> bool:
    """Whether neither address is under a "no", and the new one is nobody else's.

    Two people who are known apart are not made into one: a yes of the one would have to be
    weighed against a no of the other (T21). They can leave with the one and stay with the other.
    """
    digest = change.digest or b""
    noes = set(suppression.reasons(subscriber.digest)) | set(suppression.reasons(digest))
    is_shut = subscriber.blocked_at is not None or subscriber.personal is None
    return not (is_shut or noes - _DISPROVED or _is_taken(digest, subscriber.id))


def _is_taken(digest: bytes, subscriber_id: UUID) -> bool:
    query = select(Subscriber.id).where(Subscriber.digest == digest, Subscriber.id != subscriber_id)
    return db.session.scalar(query) is not None


def _rewrite(subscriber: Subscriber, new: Address) -> None:
    """The row is updated first: every gate after this writes to the new address."""
    personal = subscribers.personal_of(subscriber)
    if personal is None:
        raise Conflict("Nothing is kept of this person any more.")
    subscriber.digest, subscriber.provider = digest_of(new), new.provider
    subscribers.keep_personal(subscriber, personal.at(new.display))
    db.session.flush()


def _close(change: AddressChange, state: State) -> None:
    address_changes.close(change, state)
    answers.forget(change.id)


def _view(change: AddressChange, end: End) -> MoveView:
    subscriber = db.session.get(Subscriber, change.subscriber_id)
    other = End.NEW if end is End.OLD else End.OLD
    return MoveView(
        end=end,
        state=change.standing,
        has_agreed=change.has_agreed(end),
        other_has_agreed=change.has_agreed(other),
        new_address=masked(change.address) if change.address else "",
        until=change.expires_at,
        language=subscriber.language if subscriber else "kk",
    )
