"""Expiry: a request that came to nothing is forgotten after seven days, as its mail says.

What was typed goes. Of a person who never said yes the address goes too: their name, their address
and its provider are overwritten. Whoever only asked is forgotten whole, and nothing here leads
back to them. Whoever cancelled has said no, and a "no" is kept: the keyed digest stays with it, so
that an import cannot bring them back, and nothing else does.
"""

import secrets
from uuid import UUID

from sqlalchemy import exists, select

from mailing.base import clock
from mailing.base.database import db
from mailing.people import corrections, evidence, ledger, optins, subscribers
from mailing.people.ledger import Kind, NewEntry
from mailing.people.optins import OptIn, State
from mailing.people.standings import Standing
from mailing.people.subscribers import Subscriber

A_BATCH = 500

_ONLY_ASKED = frozenset({Kind.REQUESTED.value})
_NEVER_SAID_YES = _ONLY_ASKED | {Kind.UNSUBSCRIBED.value}


def forget_unconfirmed() -> int:
    """Forget what was asked for and came to nothing; how many requests. Safe to run twice."""
    query = (
        select(OptIn.id, OptIn.subscriber_id)
        .where(OptIn.expires_at <= clock.now(), OptIn.state != State.CONFIRMED.value)
        .where(OptIn.forgotten_at.is_(None))
        .order_by(OptIn.subscriber_id)
        .limit(A_BATCH)
    )
    due = list(db.session.execute(query))
    for optin_id, subscriber_id in due:
        _forget(optin_id, subscriber_id)
    return len(due)


def _forget(optin_id: UUID, subscriber_id: UUID) -> None:
    subscriber = subscribers.lock(subscriber_id)
    optin = optins.find(optin_id)
    # Somebody may have confirmed it while their row was waited for.
    if optin is None or optin.state == State.CONFIRMED:
        return
    optins.close(optin, State.CANCELLED)
    optin.forgotten_at = clock.now()
    db.session.flush()
    if subscriber is None or subscriber.personal is None or _is_waited_for(subscriber):
        return
    said = {entry.kind for entry in ledger.history(subscriber.id)}
    if said <= _ONLY_ASKED:
        _forget_whole(subscriber)
    elif said <= _NEVER_SAID_YES:
        _forget_address(subscriber)


def _is_waited_for(subscriber: Subscriber) -> bool:
    """Whether they may yet confirm something, or an import holds them in quarantine."""
    imported = select(Standing.topic_id).where(
        Standing.subscriber_id == subscriber.id, Standing.quarantined
    )
    waiting = select(OptIn.id).where(
        OptIn.subscriber_id == subscriber.id,
        OptIn.state == State.OPEN.value,
        OptIn.expires_at > clock.now(),
    )
    return any(db.session.scalar(select(exists(one))) for one in (imported, waiting))


def _forget_whole(subscriber: Subscriber) -> None:
    ledger.append(
        NewEntry(subscriber.id, Kind.DESTROYED, None, None, "expiry", "kelisim", {"days": 7})
    )
    _forget_address(subscriber)
    subscriber.digest = secrets.token_bytes(32)


def _forget_address(subscriber: Subscriber) -> None:
    corrections.forget(subscriber.id)
    # What stood behind the entries: the network address and the program, where a policy declares
    # that they are kept.
    evidence.forget_private([entry.evidence_hash for entry in ledger.history(subscriber.id)])
    subscriber.personal, subscriber.provider = None, ""
