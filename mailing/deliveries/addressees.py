"""Addressees: whose message a delivery is, for whatever comes back about it.

An answer may go to an address that is not its subscriber's: the receipt to a stranger in whose
letter they are named, the question to the address that they would like to move to. Whoever reads
that mailbox has the message's ids in front of them, and must not speak for the subscriber by them.
"""

from uuid import UUID

from sqlalchemy import select

from mailing.base.database import db
from mailing.deliveries import answers
from mailing.deliveries.answers import Answer, AnswerKind
from mailing.deliveries.deliveries import Delivery
from mailing.people.subscribers import Subscriber

# No subscriber has this id: a preview's links are theirs, and what came back about nobody known.
NOBODY = UUID(int=0)


def of(delivery: Delivery) -> UUID | None:
    """The subscriber to whose own address it goes; None where it goes to anybody else's."""
    answer = answers.find(delivery.id)
    is_own = answer is None or not _is_elsewhere(answer) or _has_that_address(answer)
    return delivery.subscriber_id if is_own else None


def _is_elsewhere(answer: Answer) -> bool:
    # Of an address that did not become theirs, nothing is kept once the change is closed.
    return answer.digest is not None or answer.kind == AnswerKind.NEW_ADDRESS


def _has_that_address(answer: Answer) -> bool:
    query = select(Subscriber.digest).where(Subscriber.id == answer.subscriber_id)
    own = db.session.scalars(query).one_or_none()
    return own is not None and own == answer.digest
