"""Blocking on the person's own request, and its end (law No. 94-V, article 25)."""

from mailing.base.database import db
from mailing.base.errors import Conflict
from mailing.people import ledger, suppression
from mailing.people.ledger import Kind, NewEntry
from mailing.people.subscribers import Subscriber
from mailing.people.suppression import Why
from mailing.staff import audit
from mailing.staff.audit import Actor

# Whoever has said so gets nothing any more, blocked or not.
_GONE = {Why.WITHDRAWN, Why.DESTROYED, Why.COMPLAINT}


def lift(subscriber: Subscriber, number: str, actor: Actor) -> None:
    """End the block that a request asked for; what they had said yes to holds again. The row is
    locked.

    Raises Conflict where nothing is blocked, and for what a letter in their name has blocked: that
    is lifted by their own answer alone.
    """
    entry = ledger.last(subscriber.id, None, Kind.BLOCKED)
    if subscriber.blocked_at is None or entry is None:
        raise Conflict("Nothing is blocked, so there is nothing to lift.")
    if entry.source != "staff":
        raise Conflict("A letter in their name has blocked it: only their own answer lifts that.")
    if _GONE & set(suppression.reasons(subscriber.digest)):
        raise Conflict("They have withdrawn since: a yes of their own is what brings them back.")
    evidence = {"undoes": entry.hash.hex(), "request": number}
    ledger.append(NewEntry(subscriber.id, Kind.RESTORED, None, None, "staff", actor.name, evidence))
    subscriber.blocked_at = None
    db.session.flush()
    audit.record(actor, "blocking lifted", f"subscriber {subscriber.id}", request=number)
