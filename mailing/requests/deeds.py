"""Deeds: what is done when a right is granted, each by the verb of its own noun.

A right that is not done by the decision alone stays decided until whoever does it says so
(`rulings.finish`): access until the bundle is made, destruction until the data are gone, a
correction until the person has confirmed it.
"""

from collections.abc import Callable

from mailing.base.errors import Conflict
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people import ledger, subscribers
from mailing.requests import blocking, granting, timeline
from mailing.requests.kinds import Happened, Identity, Kind
from mailing.requests.requests import NewRequest, Request, open_request
from mailing.staff.audit import Actor

# What stops the mail is said by the verb of leaving, which journals, commits and waits.
_LEAVES = {Kind.WITHDRAWAL: ledger.Kind.WITHDRAWN, Kind.BLOCKING: ledger.Kind.BLOCKED}
_DID = {Kind.WITHDRAWAL: "withdrawn", Kind.BLOCKING: "blocked_on_request"}


def begin(request: Request, kind: Kind, actor: Actor) -> None:
    """What commits for itself, or may still refuse: leaving, and ordering a destruction; nothing
    for other rights. Twice is safe.

    Raises Conflict where nobody is known by the address that asks.
    """
    if kind is Kind.DESTRUCTION:
        order_destruction(request.id, actor)
    if kind in _LEAVES:
        _leave(request, kind, actor)


def carry_out(request: Request, kind: Kind, actor: Actor) -> bool:
    """Do what was granted; whether that is all of it. The row of the request is locked."""
    done = _VERBS.get(kind)
    return done(request, actor) if done else kind is Kind.QUESTION


def order_destruction(request_id: int, actor: Actor) -> None:
    """From here the right to be destroyed is the matter of destruction, which looks at what goes
    and what stays, asks a second person, and says when it is done (`rulings.finish`)."""
    granting.decide(request_id, actor)


def _leave(request: Request, kind: Kind, actor: Actor) -> None:
    if request.subscriber_id is None:
        raise Conflict("Nobody is known by this address: there is nothing to stop. Refuse it.")
    wish = Leaving(
        request.subscriber_id,
        Scope.everything(),
        kind=_LEAVES[kind],
        source="staff",
        actor=actor.name,
        reason=f"request {request.number}",
        patience=2.0,
    )
    leave(wish)


def _withdrawn(request: Request, actor: Actor) -> bool:
    """Consent has ended, and with it the ground for keeping the data (policy 6.3)."""
    timeline.note(request.id, Happened.ACTED, actor.name, did=_DID[Kind.WITHDRAWAL])
    open_request(
        NewRequest(
            Kind.DESTRUCTION,
            channel=request.by,
            subscriber_id=request.subscriber_id,
            language=request.language,
            received_at=request.received_at,
            correspondent=request.correspondent,
            actor=actor.name,
            identity=Identity(request.identity),
        )
    )
    return True


def _blocked(request: Request, actor: Actor) -> bool:
    timeline.note(request.id, Happened.ACTED, actor.name, did=_DID[Kind.BLOCKING])
    return True


def _corrected(request: Request, actor: Actor) -> bool:
    """The person may have confirmed it before anybody pressed the button here."""
    return any(line.what == Happened.CORRECTED for line in timeline.of(request.id))


def _lifted(request: Request, actor: Actor) -> bool:
    subscriber = subscribers.lock(request.subscriber_id) if request.subscriber_id else None
    if subscriber is None:
        raise Conflict("Nobody is known by this address: there is nothing to lift. Refuse it.")
    blocking.lift(subscriber, request.number, actor)
    timeline.note(request.id, Happened.ACTED, actor.name, did="lifted")
    return True


_VERBS: dict[Kind, Callable[[Request, Actor], bool]] = {
    Kind.WITHDRAWAL: _withdrawn,
    Kind.BLOCKING: _blocked,
    Kind.UNBLOCKING: _lifted,
    Kind.RECTIFICATION: _corrected,
}
