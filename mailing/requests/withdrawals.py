"""Withdrawals by letter (policy 6.3): at once where the author is sure, else blocked and asked.

Whoever may have written it is mailed nothing more from this moment on. What cannot be taken back,
the end of consent and the destruction that follows, waits for the author to be sure or to confirm
by the link that goes to the address on file.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import exists, or_, select

from mailing.base import clock
from mailing.base.database import db
from mailing.base.reach import UNREACHABLE
from mailing.inbound import addresses
from mailing.inbound.messages import Ending
from mailing.leaving import by_staff as staffed
from mailing.leaving import links
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.links import NOBODY
from mailing.leaving.receipts import Receipt
from mailing.leaving.scope import Scope
from mailing.people import subscribers, suppression
from mailing.people.ledger import Kind as Said
from mailing.people.subscribers import Subscriber
from mailing.people.suppression import Suppression, Why
from mailing.requests import claims
from mailing.requests.kinds import UNFINISHED, Channel, Kind
from mailing.requests.letters import Letter, Rest
from mailing.requests.requests import NewRequest, Request, open_request
from mailing.requests.timeline import OURSELVES
from mailing.staff.audit import Actor

_GONE = {Why.WITHDRAWN, Why.DESTROYED}
# Whoever takes a withdrawal opens the request in the same minute; else it is done here.
_ASKED_BY_THEN = timedelta(minutes=1)


def withdraw(letter: Letter) -> Rest:
    """Withdraw who surely wrote it, block everybody else who may have. Commits."""
    holders = _holders(letter)
    everybody = _each([*holders, *letter.author.perhaps])
    _hold(everybody)
    sure = _sure(letter, holders)
    plausible = [one for one in everybody if one not in sure]
    blocked = [one for one in plausible if not _has_withdrawn(one)]
    for one in sure:
        leave(_leaving(letter, one, Said.WITHDRAWN))
    for one in blocked:
        leave(_leaving(letter, one, Said.BLOCKED))
    if sure:
        return lambda: _destroy(letter, sure, blocked)
    if not (holders or letter.author.shows_who_it_is):
        return lambda: _of_a_stranger(letter, blocked)
    return lambda: _ask(letter, plausible, blocked)


def ask_for_destruction(subscriber_id: UUID, channel: Channel, actor: str) -> Request | None:
    """Open the destruction that follows a withdrawal; None for whoever is gone already. The same
    again is the same request. Never commits."""
    if not _is_here(subscriber_id):
        return None
    new = NewRequest(Kind.DESTRUCTION, channel, subscriber_id, actor=actor)
    return open_request(new)


def by_staff(
    subscriber_id: UUID, actor: Actor, reason: str, ground: str = ""
) -> tuple[Receipt, Request | None]:
    """Withdraw on somebody's behalf, which commits; the receipt, and the destruction that follows,
    which waits for the caller's commit. The sweep asks for it where the caller could not."""
    everything = Scope.everything()
    receipt = staffed.stop(subscriber_id, everything, Said.WITHDRAWN, actor, reason, ground)
    return receipt, ask_for_destruction(subscriber_id, Channel.STAFF, actor.name)


def by_link(token: str) -> None:
    """The same for whoever has just withdrawn by a link of ours. Commits; the withdrawal itself is
    durable by then, so no trouble here hides it, and the sweep asks where this could not."""
    subscriber_id = links.person_of(token)
    if subscriber_id is None or subscriber_id == NOBODY:
        return
    try:
        ask_for_destruction(subscriber_id, Channel.FORM, "subscriber")
        db.session.commit()
    except UNREACHABLE:
        db.session.rollback()


def settle_all() -> None:
    """The same for whoever has withdrawn by a door that was shut before it could ask, or by the
    journal. Whom an officer has refused since is not asked for again."""
    query = (
        select(Subscriber.id)
        .join(Suppression, Suppression.digest == Subscriber.digest)
        .where(Suppression.reason == Why.WITHDRAWN.value, Subscriber.personal.is_not(None))
        .where(Suppression.since < clock.now() - _ASKED_BY_THEN)
        .where(
            ~exists().where(
                Request.subscriber_id == Subscriber.id,
                Request.kind == Kind.DESTRUCTION.value,
                or_(
                    Request.received_at >= Suppression.since,
                    Request.state.in_([one.value for one in UNFINISHED]),
                ),
            )
        )
    )
    for subscriber_id in list(db.session.scalars(query)):
        ask_for_destruction(subscriber_id, Channel.STAFF, OURSELVES)


def _sure(letter: Letter, holders: list[UUID]) -> list[UUID]:
    """Who is withdrawn without a question: nobody where it was staff who read the letter so."""
    if letter.actor != OURSELVES:
        return []
    author = None if letter.is_old else letter.author.sure
    return _each([author, *(one for one in holders if _is_here(one))])


def _hold(people: Sequence[UUID]) -> None:
    """Lock everybody whom a letter may be from in one order, as everybody else locks them, and
    before the lock of the desk: whoever holds a person may be waiting for that one."""
    for one in sorted(people):
        subscribers.lock(one)


def _holders(letter: Letter) -> list[UUID]:
    """Whose own `mailto:` way out it was sent to. The signed address stands in their mail alone, as
    the link beside it does, and by that link they withdraw without a further question: no more is
    asked of whoever answers by mail."""
    outs = addresses.whose_ways_out(list(letter.recipients))
    return _each([out.subscriber for out in outs if out.subscriber != NOBODY])


def _each(found: Sequence[UUID | None]) -> list[UUID]:
    return [one for one in dict.fromkeys(found) if one is not None]


def _leaving(letter: Letter, subscriber_id: UUID, kind: Said) -> Leaving:
    actor = "subscriber" if letter.actor == OURSELVES else letter.actor
    return Leaving(subscriber_id, Scope.everything(), kind, "mail", actor, patience=0)


def _is_here(subscriber_id: UUID) -> bool:
    subscriber = subscribers.lock(subscriber_id)
    return subscriber is not None and subscriber.personal is not None


def _has_withdrawn(subscriber_id: UUID) -> bool:
    subscriber = subscribers.lock(subscriber_id)
    return (
        subscriber is None
        or subscriber.personal is None
        or bool(_GONE & set(suppression.reasons(subscriber.digest)))
    )


def _destroy(letter: Letter, sure: list[UUID], others: list[UUID]) -> Ending:
    _hold([*sure, *others])
    for one in others:
        claims.ask(letter, one)
    request = letter.ask_a_person(Kind.DESTRUCTION, sure[0])
    for one in sure[1:]:
        open_request(letter.new_request(Kind.DESTRUCTION, one, is_behind=False))
    return letter.ending("withdrawn", sure[0], request)


def _of_a_stranger(letter: Letter, named: list[UUID]) -> Ending:
    """Whoever names somebody else hears the same whether or not we know them."""
    _hold(named)
    for one in named:
        claims.ask(letter, one)
    request = letter.ask_a_person(Kind.WITHDRAWAL)
    return letter.ending("blocked" if named else "queued", next(iter(named), None), request)


def _ask(letter: Letter, plausible: list[UUID], blocked: list[UUID]) -> Ending:
    _hold(plausible)
    asked = [claims.ask(letter, one) for one in blocked]
    if asked:
        return letter.ending("blocked", blocked[0], asked[0])
    if plausible:
        return letter.ending("withdrawn_before", plausible[0])
    request = letter.ask_a_person(Kind.WITHDRAWAL)
    return letter.ending("queued", None, request)
