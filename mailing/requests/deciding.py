"""One press: "this is a withdrawal, a rectification, a question, junk", and what follows from it.

A withdrawal that a person reads out of a message stops everything at once, and can be taken back:
the sender of a message may be anybody (enforcement.md, "Leaving").
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


def decide(request_id: int, kind: Kind, actor: Actor) -> Request:
    """Say what a request is; a withdrawal blocks its author at once. Commits where it leaves."""
    request = acting.reclassify(request_id, kind, actor)
    if kind is Kind.WITHDRAWAL and request.inbound_id is not None:
        timeline.note(request.id, Happened.ACTED, actor.name, did=ledger.Kind.BLOCKED.value)
        incoming.act_as(request.inbound_id, Letter.WITHDRAWAL, actor.name)
    elif kind is Kind.WITHDRAWAL:
        _block(request, actor)
    return find(request_id)


def _block(request: Request, actor: Actor) -> None:
    subscriber_id = request.subscriber_id or _author(request)
    if subscriber_id is None:
        return
    # The line goes with the leaving's own commit; whoever presses twice blocks once.
    timeline.note(request.id, Happened.ACTED, actor.name, did=ledger.Kind.BLOCKED.value)
    leave(
        Leaving(
            subscriber_id,
            Scope.everything(),
            kind=ledger.Kind.BLOCKED,
            source="mail",
            actor=actor.name,
            patience=2.0,
        )
    )


def _author(request: Request) -> UUID | None:
    """Whom we know by the address that wrote."""
    correspondent = request.correspondent
    found = subscribers.find(correspondent.mailbox) if correspondent else None
    return found.id if found else None
