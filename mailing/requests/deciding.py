"""One press: "this is a withdrawal, a rectification, a question, junk", and what follows from it.

A withdrawal that a person reads out of a message stops everything at once and asks the address on
file, however sure the sender is: it was a person who read it so, and a press can be a slip. An
unsubscribe is carried out. What was done stands in the timeline after it was done.
"""

from uuid import UUID

from mailing.inbound.reading import Kind as Letter
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people import ledger, subscribers
from mailing.requests import acting, incoming, timeline
from mailing.requests.kinds import Happened, Kind
from mailing.requests.requests import Request, find
from mailing.staff.audit import Actor

# What is done at once, and what is written of a request without a message.
_LEAVES = {Kind.WITHDRAWAL: ledger.Kind.BLOCKED, Kind.UNSUBSCRIBE: ledger.Kind.UNSUBSCRIBED}
_DONE = {Kind.WITHDRAWAL: "blocked", Kind.UNSUBSCRIBE: "left"}


def decide(request_id: int, kind: Kind, actor: Actor) -> Request:
    """Say what a request is; a withdrawal blocks its author at once, an unsubscribe leaves.
    Commits where it leaves."""
    subscriber_id = find(request_id).subscriber_id
    if subscriber_id is not None:
        # The person before the request, as whoever answers a claim locks them.
        subscribers.lock(subscriber_id)
    request = acting.reclassify(request_id, kind, actor)
    if kind not in _LEAVES:
        return find(request_id)
    done = _of_letter(request, kind, actor) if request.inbound_id else _leave(request, kind, actor)
    if done is not None:
        timeline.note(request_id, Happened.ACTED, actor.name, did=done)
    return find(request_id)


def _of_letter(request: Request, kind: Kind, actor: Actor) -> str | None:
    """Act upon its message as what it was said to be; what was done, None for nothing."""
    message_id = request.inbound_id
    if message_id is None:
        return None
    taken = incoming.act_as(message_id, Letter(kind.value), actor.name)
    return taken.action if taken.action in _DONE.values() else None


def _leave(request: Request, kind: Kind, actor: Actor) -> str | None:
    """For whoever the request is about; there is no message to ask about."""
    subscriber_id = request.subscriber_id or _author(request)
    if subscriber_id is None:
        return None
    # Whoever presses twice leaves once.
    leave(
        Leaving(
            subscriber_id,
            Scope.everything(),
            kind=_LEAVES[kind],
            source="mail",
            actor=actor.name,
            patience=2.0,
        )
    )
    return _DONE[kind]


def _author(request: Request) -> UUID | None:
    """Whom we know by the address that wrote."""
    correspondent = request.correspondent
    found = subscribers.find(correspondent.mailbox) if correspondent else None
    return found.id if found else None
