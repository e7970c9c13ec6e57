"""Complaints: somebody pressed "this is spam" (ARF, RFC 5965). By our own signed ids alone.

It is a "no" like any other: the leaving verb writes it into the journal, keeps back what waits and
aborts what is open. Addresses in a report are not believed: anybody can write one.
"""

from collections.abc import Sequence
from uuid import UUID

from mailing.base.database import db
from mailing.deliveries import brake, returns
from mailing.deliveries.deliveries import Delivery
from mailing.deliveries.returns import Came, NewReturn
from mailing.inbound import outcomes, returnpaths, traces
from mailing.inbound.outcomes import Outcome
from mailing.inbound.reading import Reading
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.links import NOBODY
from mailing.leaving.scope import Scope
from mailing.leaving.wish import COMPLAINT

# RFC 5965 7.3, and what mail systems send beside it. `not-spam` (RFC 6430) and `auth-failure`
# (RFC 6591) are no complaints; `other` says nothing that could be acted upon.
IS_A_NO = frozenset({"abuse", "opt-out", "fraud", "virus"})


def apply(inbound_id: int, reading: Reading, recipients: Sequence[str]) -> Outcome:
    """Suppress whoever complained, for good. Commits what leaves, not what it notes after."""
    people, deliveries = _whose(reading, recipients)
    if len(people) != 1:
        return outcomes.ignore(inbound_id, "ambiguous" if people else "unmatched")
    subscriber_id = people.pop()
    if _type(reading) not in IS_A_NO:
        return Outcome("noted", subscriber_id, f"{_type(reading)} is no complaint")
    leave(Leaving(subscriber_id, Scope.everything(), source=COMPLAINT, patience=0))
    for delivery in deliveries:
        _note(inbound_id, delivery)
    return Outcome("suppressed", subscriber_id, "they complained about our mail")


def _note(inbound_id: int, delivery: Delivery) -> None:
    if delivery.campaign_id is not None:
        brake.queue_for(delivery.campaign_id)
    if returns.note(NewReturn(delivery, Came.COMPLAINT, inbound_id)) is None:
        return
    if delivery.campaign_id is not None:
        brake.look(delivery.campaign_id)
    returns.settle([delivery.id])


def _whose(reading: Reading, recipients: Sequence[str]) -> tuple[set[UUID], list[Delivery]]:
    """The people and messages that our ids in a report lead to."""
    found = traces.verified(reading.traces)
    ids = {one.delivery_id for one in found if one.delivery_id} | set(returnpaths.of(recipients))
    named = (db.session.get(Delivery, one, populate_existing=True) for one in sorted(ids))
    deliveries = [one for one in named if one is not None]
    people = {one.subscriber_id for one in found} | {one.subscriber_id for one in deliveries}
    return people - {NOBODY}, deliveries


def _type(reading: Reading) -> str:
    return reading.feedback_type.strip().lower()[:40] or "an unnamed report"
