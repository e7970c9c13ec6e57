"""Destroying, for tests: an officer and a second one, a request that was granted, a certificate."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from mailing.base import clock
from mailing.base.database import db
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people.ledger import Kind as Said
from mailing.requests import carrying, granting, withdrawals
from mailing.requests.certificates import Certificate
from mailing.requests.kinds import Channel
from mailing.requests.requests import Request
from mailing.staff import staff
from mailing.staff.audit import Actor
from mailing.staff.staff import Role

OFFICER = Actor("staff 1", Role.OFFICER)
SECOND = Actor("staff 2", Role.OFFICER)
# A Wednesday at ten in Almaty: four working hours later people are still at work.
MORNING = datetime.fromisoformat("2026-11-25T05:00:00+00:00")


def two_officers() -> None:
    """From now on two people may decide."""
    for name in ("first", "second"):
        staff.add(f"{name}@example.com", Role.OFFICER, "sample words of a sample")
    db.session.commit()


def withdrawn(subscriber_id: UUID) -> Request:
    """Somebody withdraws; the request that follows from it. Commits."""
    leave(Leaving(subscriber_id, Scope.everything(), Said.WITHDRAWN, "page", patience=0))
    asked = withdrawals.ask_for_destruction(subscriber_id, Channel.FORM, "subscriber")
    assert asked is not None
    db.session.commit()
    return asked


def granted(subscriber_id: UUID) -> Request:
    """The same, decided, approved where it takes two, and not cooling any more."""
    asked = withdrawn(subscriber_id)
    if granting.is_short_of_approval(granting.approve(asked.id, OFFICER)):
        granting.approve(asked.id, SECOND)
    granting.expedite(asked.id, "a test does not wait", OFFICER)
    db.session.commit()
    return asked


def destroyed(subscriber_id: UUID) -> Certificate:
    """The whole way of one person."""
    return carrying.carry_out(granted(subscriber_id).id, OFFICER)


@contextmanager
def at(moment: datetime, later: timedelta = timedelta(0)) -> Iterator[None]:
    """The clock stands at a moment."""
    with clock.use(lambda: moment + later):
        yield
