"""Complaints: somebody pressed "this is spam" (ARF, RFC 5965). By ids of ours alone: a token that
our keys can verify, or the id of a delivery, which is random and stands in its own message alone.
For as long as the delivery is kept: a message may be complained about years later.

It is a "no" like any other: the leaving verb writes it into the journal, keeps back what waits and
aborts what is open. Addresses in a report are not believed: anybody can write one.
"""

from collections.abc import Sequence
from uuid import UUID

from mailing.base.database import db
from mailing.deliveries import addressees, brake, returns
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
    ids = _ids(reading, recipients)
    people, deliveries = _whose(reading, ids)
    if len(people) != 1:
        return outcomes.ignore(inbound_id, _why_not(people, ids))
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


def _ids(reading: Reading, recipients: Sequence[str]) -> list[UUID]:
    """The messages that a report names by ids of ours, whoever they went to."""
    return sorted({*traces.shown(reading.traces), *returnpaths.of(recipients)})


def _whose(reading: Reading, ids: list[UUID]) -> tuple[set[UUID], list[Delivery]]:
    """The people and messages that our ids in a report lead to."""
    named = (db.session.get(Delivery, one, populate_existing=True) for one in ids)
    whose = [(addressees.of(one), one) for one in named if one is not None]
    people = {one.subscriber_id for one in traces.verified(reading.traces)}
    people |= {person for person, _ in whose if person is not None}
    return people - {NOBODY}, [one for person, one in whose if person is not None]


def _why_not(people: set[UUID], ids: list[UUID]) -> str:
    if people:
        return "ambiguous"
    is_known = any(db.session.get(Delivery, one) is not None for one in ids)
    return "stranger" if is_known else "unmatched"


def _type(reading: Reading) -> str:
    return reading.feedback_type.strip().lower()[:40] or "an unnamed report"
