"""Whether all mail to somebody has stopped, and since when: what an officer asks first."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mailing.base.database import db
from mailing.people import suppression
from mailing.people.subscribers import Subscriber
from mailing.people.suppression import Why


@dataclass(frozen=True)
class Stopped:
    """`is_final`: consent is withdrawn; else they are blocked until they have answered."""

    is_final: bool
    since: datetime


def of(subscriber_id: UUID | None) -> Stopped | None:
    """How mail to this person has stopped as a whole; None where it has not."""
    subscriber = db.session.get(Subscriber, subscriber_id) if subscriber_id else None
    if subscriber is None:
        return None
    why = suppression.reasons(subscriber.digest)
    withdrawn = [at for one, at in why.items() if one in (Why.WITHDRAWN, Why.DESTROYED)]
    if withdrawn:
        return Stopped(True, min(withdrawn))
    return Stopped(False, subscriber.blocked_at) if subscriber.blocked_at else None
