"""Expiry: a request that nobody confirmed is forgotten after seven days, as its mail says.

What was typed goes. A person who is known by nothing else goes too: their address, its digest
and its provider are overwritten, so that nothing here leads back to them.
"""

import secrets
from uuid import UUID

from sqlalchemy import exists, select, update

from mailing.base import clock
from mailing.base.database import db
from mailing.people import corrections, evidence, ledger, subscribers
from mailing.people.ledger import Entry, Kind, NewEntry
from mailing.people.optins import OptIn, State
from mailing.people.standings import Standing
from mailing.people.subscribers import Subscriber

A_BATCH = 500


def forget_unconfirmed() -> int:
    """Forget what was asked for and never confirmed; how many requests. Safe to run twice."""
    query = (
        select(OptIn.id, OptIn.subscriber_id)
        .where(OptIn.expires_at <= clock.now(), OptIn.state == State.OPEN.value)
        .order_by(OptIn.subscriber_id)
        .limit(A_BATCH)
    )
    due = list(db.session.execute(query))
    for optin_id, subscriber_id in due:
        _forget(optin_id, subscriber_id)
    return len(due)


def _forget(optin_id: UUID, subscriber_id: UUID) -> None:
    subscriber = subscribers.lock(subscriber_id)
    db.session.execute(
        update(OptIn)
        .where(OptIn.id == optin_id, OptIn.state == State.OPEN.value)
        .values(state=State.CANCELLED.value, personal=None)
    )
    if subscriber is not None and subscriber.personal is not None and _is_unknown(subscriber):
        _overwrite(subscriber)


def _is_unknown(subscriber: Subscriber) -> bool:
    """Whether nothing but unconfirmed requests is known of this person: no yes, and no "no"."""
    more = select(Entry.id).where(
        Entry.subscriber_id == subscriber.id, Entry.kind != Kind.REQUESTED.value
    )
    imported = select(Standing.topic_id).where(
        Standing.subscriber_id == subscriber.id, Standing.quarantined
    )
    waiting = select(OptIn.id).where(
        OptIn.subscriber_id == subscriber.id,
        OptIn.state == State.OPEN.value,
        OptIn.expires_at > clock.now(),
    )
    return not any(db.session.scalar(select(exists(one))) for one in (more, imported, waiting))


def _overwrite(subscriber: Subscriber) -> None:
    ledger.append(
        NewEntry(subscriber.id, Kind.DESTROYED, None, None, "expiry", "kelisim", {"days": 7})
    )
    corrections.forget(subscriber.id)
    # What stood behind the entries: the network address and the program, where a policy declares
    # that they are kept.
    evidence.forget_private([entry.evidence_hash for entry in ledger.history(subscriber.id)])
    subscriber.personal, subscriber.provider = None, ""
    subscriber.digest = secrets.token_bytes(32)
