"""Long gone: people who left everything, or never came, so long ago that nothing is kept for them.

They are destroyed like anybody who asked for it, each with a certificate; that they left stays.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, select

from mailing.base import clock
from mailing.base.database import db
from mailing.people import standings
from mailing.people.standings import Said, Standing
from mailing.people.subscribers import Subscriber
from mailing.requests import holds
from mailing.requests.destructions import Destruction, Ground
from mailing.requests.destructions import State as Stands
from mailing.requests.kinds import UNFINISHED
from mailing.requests.requests import Request, of_subscriber
from mailing.requests.timeline import OURSELVES

KIND = "left"
AT_ONCE = 500


def count(past: datetime) -> int:
    """How many people that would be."""
    return db.session.scalars(select(func.count()).select_from(_people(past).subquery())).one()


def run(past: datetime) -> int:
    """Decide it for some of them; the sweep carries it out. How many."""
    at = clock.now()
    found = list(db.session.scalars(_people(past).limit(AT_ONCE)))
    for subscriber_id in found:
        db.session.add(_decided(subscriber_id, at))
    db.session.flush()
    return len(found)


def is_back(subscriber_id: UUID) -> bool:
    """Whether somebody stands in anything, has asked to, or waits for an answer of ours: nobody
    could give it to them afterwards."""
    held = standings.of(subscriber_id).values()
    stands = any(one.standing in (Said.GIVEN, Said.REQUESTED) for one in held)
    return stands or any(one.state in UNFINISHED for one in of_subscriber(subscriber_id))


def _decided(subscriber_id: UUID, at: datetime) -> Destruction:
    return Destruction(
        subscriber_id=subscriber_id,
        ground=Ground.RETENTION.value,
        decided_by=OURSELVES,
        decided_at=at,
        # Until the next sweep, so that whoever sees it here may still place a hold.
        cools_until=at + timedelta(minutes=1),
    )


def _people(past: datetime) -> Select[UUID]:
    """Whoever said no to the last of it before then, and has nothing open here."""
    theirs = Standing.subscriber_id == Subscriber.id
    on = select(Standing.topic_id).where(
        theirs,
        Standing.standing.in_([Said.GIVEN.value, Said.REQUESTED.value])
        | (Standing.since >= past)
        | Standing.quarantined,
    )
    left = select(Standing.topic_id).where(theirs, Standing.standing == Said.UNSUBSCRIBED.value)
    asked = select(Request.id).where(
        Request.subscriber_id == Subscriber.id,
        Request.state.in_([one.value for one in UNFINISHED]),
    )
    going = select(Destruction.id).where(
        Destruction.subscriber_id == Subscriber.id,
        Destruction.state.in_([Stands.DECIDED.value, Stands.CARRYING.value]),
    )
    return (
        select(Subscriber.id)
        .where(Subscriber.personal.is_not(None), Subscriber.blocked_at.is_(None))
        .where(left.exists(), ~on.exists(), ~asked.exists(), ~going.exists())
        .where(Subscriber.id.not_in(holds.held_people()))
        .order_by(Subscriber.id)
    )
