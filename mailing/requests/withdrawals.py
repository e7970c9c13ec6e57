"""Withdrawals by letter (policy 6.3): at once where the author is sure, else blocked and asked.

Whoever may have written it is mailed nothing more from this moment on. What cannot be taken back,
the end of consent and the destruction that follows, waits for the author to be sure or to confirm
by the link that goes to the address on file.
"""

from uuid import UUID

from mailing.inbound.messages import Ending
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people import subscribers, suppression
from mailing.people.ledger import Kind as Said
from mailing.people.suppression import Why
from mailing.requests import claims
from mailing.requests.kinds import Kind
from mailing.requests.letters import Letter, Rest
from mailing.requests.timeline import OURSELVES

_GONE = {Why.WITHDRAWN, Why.DESTROYED}


def withdraw(letter: Letter) -> Rest:
    """Withdraw who surely wrote it, block everybody else who may have. Commits."""
    sure, plausible = letter.author.sure, letter.author.plausible
    if sure:
        leave(_leaving(letter, sure, Said.WITHDRAWN))
    blocked = [one for one in plausible if not _has_withdrawn(one)]
    for one in blocked:
        leave(_leaving(letter, one, Said.BLOCKED))
    if sure:
        return lambda: _destroy(letter, sure, blocked)
    return lambda: _ask(letter, plausible, blocked)


def _leaving(letter: Letter, subscriber_id: UUID, kind: Said) -> Leaving:
    actor = "subscriber" if letter.actor == OURSELVES else letter.actor
    return Leaving(subscriber_id, Scope.everything(), kind, "mail", actor, patience=0)


def _has_withdrawn(subscriber_id: UUID) -> bool:
    subscriber = subscribers.lock(subscriber_id)
    return (
        subscriber is None
        or subscriber.personal is None
        or bool(_GONE & set(suppression.reasons(subscriber.digest)))
    )


def _destroy(letter: Letter, sure: UUID, others: list[UUID]) -> Ending:
    for one in others:
        claims.ask(letter, one)
    request = letter.ask_a_person(Kind.DESTRUCTION, sure)
    return letter.ending("withdrawn", sure, request)


def _ask(letter: Letter, plausible: list[UUID], blocked: list[UUID]) -> Ending:
    asked = [claims.ask(letter, one) for one in blocked]
    if asked:
        return letter.ending("blocked", blocked[0], asked[0])
    if plausible:
        return letter.ending("withdrawn_before", plausible[0])
    request = letter.ask_a_person(Kind.WITHDRAWAL)
    return letter.ending("queued", None, request)
