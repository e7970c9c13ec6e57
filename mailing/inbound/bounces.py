"""Bounces: what a mail system says of a message of ours, believed by our own signature alone.

Never commits: whoever calls ends the message that said it in the same transaction. Locks are
taken in one order: the cause, the campaign's place, the campaign, the person, the delivery.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.deliveries import addressees, answers, brake, returns, storms
from mailing.deliveries.deliveries import Delivery
from mailing.deliveries.returns import Came, NewReturn
from mailing.deliveries.storms import Cause
from mailing.inbound import blame, complaints, outcomes, returnpaths
from mailing.inbound.outcomes import Outcome
from mailing.inbound.reading import Kind, Reading, Report
from mailing.people import address_changes, subscribers, suppression
from mailing.people.subscribers import Subscriber
from mailing.people.suppression import Why

BELIEVED_FOR = timedelta(days=14)

# A full mailbox is emptied, a server mended: only one that has failed on five different days of
# thirty, with no sign of life in between, is given up.
SOFT_DAYS = 5
SOFT_WITHIN = timedelta(days=30)
# A relay may keep a message for five days before it says that it failed (RFC 5321 4.5.4.1): one
# that nothing was heard of for longer has arrived, and the count begins anew.
QUIET = timedelta(days=5)


@dataclass(frozen=True)
class _Bounce:
    inbound_id: int
    delivery: Delivery
    subscriber: Subscriber | None
    kind: Came
    report: Report

    @property
    def whom(self) -> UUID | None:
        """Whose message it was; None where it went to somebody who is not known."""
        return self.subscriber.id if self.subscriber else None

    @property
    def cause(self) -> Cause:
        provider = self.subscriber.provider if self.subscriber else ""
        return Cause.of(provider, self.report.status, self.report.diagnostic)


def apply(inbound_id: int, reading: Reading, recipients: Sequence[str]) -> Outcome:
    """Do what a report asks for; the same message again changes nothing. A complaint commits."""
    if reading.kind is Kind.COMPLAINT:
        return complaints.apply(inbound_id, reading, recipients)
    ids = returnpaths.of(recipients)
    if not ids:
        is_claimed = returnpaths.is_claimed(recipients)
        return outcomes.ignore(inbound_id, "forged" if is_claimed else "unsigned")
    if len(ids) > 1:
        return outcomes.ignore(inbound_id, "ambiguous")
    return _of_delivery(inbound_id, reading, ids[0])


def _of_delivery(inbound_id: int, reading: Reading, delivery_id: UUID) -> Outcome:
    delivery = db.session.get(Delivery, delivery_id, populate_existing=True)
    if delivery is None or delivery.sealed_at is None:
        return outcomes.ignore(inbound_id, "unmatched")
    if delivery.sealed_at < clock.now() - BELIEVED_FOR:
        return outcomes.ignore(inbound_id, "old")
    whose = addressees.of(delivery)
    subscriber = db.session.get(Subscriber, whose) if whose else None
    report = blame.report_of(reading, _email(subscriber))
    kind = blame.judge(report)
    if kind is None:
        return _nothing_failed(inbound_id, delivery, report)
    return _bounced(_Bounce(inbound_id, delivery, subscriber, kind, report))


def _nothing_failed(inbound_id: int, delivery: Delivery, report: Report) -> Outcome:
    if blame.has_arrived([report]):
        returns.confirm_by_token(delivery.id, inbound_id)
        return Outcome("confirmed", addressees.of(delivery), "it came through")
    return Outcome("noted", addressees.of(delivery), "it is still being tried")


def _bounced(bounce: _Bounce) -> Outcome:
    delivery, is_hard = bounce.delivery, bounce.kind is Came.HARD
    if is_hard:
        storms.queue_for(bounce.cause)
    if delivery.campaign_id is not None:
        brake.queue_for(delivery.campaign_id)
    cause = bounce.cause if is_hard else None
    new = NewReturn(
        delivery,
        bounce.kind,
        bounce.inbound_id,
        bounce.report.status,
        cause=cause.digest if cause else None,
        said=cause.wide.digest if cause else None,
    )
    return_id = returns.note(new)
    if return_id is None:
        return Outcome("repeated", bounce.whom, "the same message said so before")
    storm = storms.take_in(return_id, bounce.cause) if is_hard else None
    if storm is not None:
        storms.stop_campaigns(storm)
    if delivery.campaign_id is not None:
        brake.look(delivery.campaign_id)
    outcome = _blame(bounce, return_id, storm is not None)
    returns.annotate(delivery.id, bounce.kind)
    return outcome


def _blame(bounce: _Bounce, return_id: int, is_storm: bool) -> Outcome:
    """Suppress the address where the bounce speaks against it; its person is locked by that."""
    whom = bounce.whom
    if is_storm:
        return Outcome("held_back", whom, "one of many that say the same; a person decides")
    if bounce.kind not in (Came.HARD, Came.SOFT):
        return Outcome("noted", whom, "it does not speak against the address")
    digest = _digest(bounce)
    if digest is None:
        return Outcome("noted", whom, "they have another address by now")
    if bounce.kind is Came.SOFT and (whom is None or _soft_days(whom) < SOFT_DAYS):
        return Outcome("counted", whom, "it may be over tomorrow")
    suppression.suppress(digest, Why.BOUNCE, storms.detail_of(return_id))
    return Outcome("suppressed", whom, _SUPPRESSED[bounce.kind])


_SUPPRESSED = {
    Came.HARD: "the mailbox does not exist",
    Came.SOFT: f"it has failed on {SOFT_DAYS} days and never came through in between",
}


def _digest(bounce: _Bounce) -> bytes | None:
    """The address that the message went to; None where it is nobody's here any more."""
    answer = answers.find(bounce.delivery.id)
    if answer is not None and answer.digest is not None:
        return answer.digest
    if bounce.subscriber is None:
        return None
    return None if _has_moved(bounce) else bounce.subscriber.digest


def _has_moved(bounce: _Bounce) -> bool:
    moved_at = address_changes.moved_at(bounce.delivery.subscriber_id)
    return moved_at is not None and _left_at(bounce.delivery) < moved_at


def _left_at(delivery: Delivery) -> datetime:
    return delivery.sealed_at or delivery.created_at


def _email(subscriber: Subscriber | None) -> str:
    personal = subscribers.personal_of(subscriber) if subscriber else None
    return personal.email if personal else ""


_SOFT_DAYS = """
    SELECT count(DISTINCT (r.at AT TIME ZONE 'UTC')::date) FROM returns r
    WHERE r.subscriber_id = :subscriber AND r.kind = 'soft' AND r.at > :since
        AND NOT EXISTS (SELECT FROM returns o WHERE o.subscriber_id = r.subscriber_id
            AND o.kind IN ('seen', 'complaint') AND o.at > r.at)
        AND NOT EXISTS (SELECT FROM ledger l WHERE l.subscriber_id = r.subscriber_id
            AND l.kind IN ('given', 'restored') AND l.at > r.at)
        AND NOT EXISTS (SELECT FROM deliveries d WHERE d.subscriber_id = r.subscriber_id
            AND d.state = 'accepted' AND d.bounced_at IS NULL
            AND d.finished_at > r.at AND d.finished_at < :quiet)
"""


def _soft_days(subscriber_id: UUID) -> int:
    now = clock.now()
    values = {"subscriber": subscriber_id, "since": now - SOFT_WITHIN, "quiet": now - QUIET}
    return int(db.session.execute(text(_SOFT_DAYS), values).scalar_one())
