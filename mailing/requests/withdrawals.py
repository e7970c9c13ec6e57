"""Withdrawals by letter (policy 6.3): at once where the author is sure, else blocked and asked.

Whoever may have written it is mailed nothing more from this moment on. What cannot be taken back,
the end of consent and the destruction that follows, waits for the author to be sure or to confirm
by the link that goes to the address on file.
"""

from collections.abc import Sequence
from uuid import UUID

from mailing.inbound import addresses
from mailing.inbound.messages import Ending
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.links import NOBODY
from mailing.leaving.scope import Scope
from mailing.people import subscribers, suppression
from mailing.people.ledger import Kind as Said
from mailing.people.suppression import Why
from mailing.requests import claims
from mailing.requests.kinds import Kind
from mailing.requests.letters import Letter, Rest
from mailing.requests.requests import open_request
from mailing.requests.timeline import OURSELVES

_GONE = {Why.WITHDRAWN, Why.DESTROYED}


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
