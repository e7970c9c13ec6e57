"""Leaving: the one verb behind every unsubscribe, withdrawal and block.

Journal, transaction, wait, answer (enforcement.md, "Leaving"). It owns its transactions: an
answer is given only once the "no" is durable, and it names what could no longer be recalled.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnection

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Unavailable
from mailing.base.settings import current
from mailing.leaving import inflight, marks, receipts, scope
from mailing.leaving.journal import Journal, Line, Note
from mailing.leaving.receipts import Receipt, StoredReceipt
from mailing.leaving.scope import Scope
from mailing.people import ledger, standings, subscribers, suppression, topics
from mailing.people.ledger import Kind, NewEntry
from mailing.people.standings import Said
from mailing.people.subscribers import Subscriber
from mailing.people.suppression import Why

_UNREACHABLE = (OperationalError, InterfaceError, NoFreeConnection)


@dataclass(frozen=True)
class Leaving:
    """Who leaves what, how and by which door.

    `kind` is unsubscribed, withdrawn or blocked; `source` one-click, page, mail or staff;
    `patience` the seconds to wait for what is being handed over.
    """

    subscriber_id: UUID
    scope: Scope
    kind: Kind = Kind.UNSUBSCRIBED
    source: str = "one-click"
    actor: str = "subscriber"
    reason: str = ""
    patience: float = 1.0


@dataclass(frozen=True)
class _Done:
    receipt_id: str
    topics: str
    covered: list[int]


def leave(leaving: Leaving) -> Receipt:
    """Leave, durably; the receipt. Raises Unavailable (the journal has it) without a database."""
    journal, digest = _prepare(leaving)
    line = journal.append(
        Note(
            subscriber=str(leaving.subscriber_id),
            digest=digest.hex() if digest else None,
            scope=leaving.scope.text,
            kind=leaving.kind.value,
            source=leaving.source,
        )
    )
    try:
        done = record(leaving, journal, line)
        return _answer(leaving, done)
    except _UNREACHABLE:
        db.session.rollback()
        raise Unavailable(
            "Your wish is written down, but our database does not answer. Please try again soon."
        ) from None


def record(leaving: Leaving, journal: Journal, line: Line) -> _Done:
    """Turn a journalled wish into facts, in one transaction that commits here. Once only."""
    subscriber = subscribers.lock(leaving.subscriber_id)
    topic_ids = scope.topics_of(leaving.scope, leaving.subscriber_id)
    if marks.apply(journal.id, line) and subscriber is not None:
        _say(leaving, subscriber, topic_ids)
    covered = scope.covered(leaving.subscriber_id, topic_ids)
    scope.cancel_requests(leaving.subscriber_id, topic_ids)
    named = covered if topic_ids is None else topic_ids
    inflight.keep_back(leaving.subscriber_id, leaving.kind.value, named, covered)
    receipt = _receipt(leaving, topic_ids)
    slugs = _slugs(topic_ids)
    db.session.execute(text("SET LOCAL synchronous_commit = on"))
    db.session.commit()
    return _Done(receipt, slugs, covered)


def _prepare(leaving: Leaving) -> tuple[Journal, bytes | None]:
    try:
        journal = marks.own_journal()
        query = select(Subscriber.digest).where(Subscriber.id == leaving.subscriber_id)
        digest = db.session.scalars(query).one_or_none()
        db.session.commit()
        return journal, digest
    except _UNREACHABLE:
        # Without the database the journal alone takes the wish; it is applied on its return.
        db.session.rollback()
        return Journal(current().journal), None


def _say(leaving: Leaving, subscriber: Subscriber, topic_ids: list[int] | None) -> None:
    if leaving.kind is Kind.BLOCKED:
        subscriber.blocked_at = subscriber.blocked_at or clock.now()
    if leaving.kind is Kind.WITHDRAWN:
        suppression.suppress(subscriber.digest, Why.WITHDRAWN)
    ledger.append_many([_entry(leaving, topic_id) for topic_id in _to_say(leaving, topic_ids)])


def _to_say(leaving: Leaving, topic_ids: list[int] | None) -> list[int | None]:
    """The scopes that need an entry: what has been said already is not said twice."""
    held = standings.of(leaving.subscriber_id)
    if leaving.kind is Kind.UNSUBSCRIBED and topic_ids is not None:
        return [t for t in topic_ids if t not in held or held[t].standing not in _NO]
    said = Said.WITHDRAWN if leaving.kind is Kind.WITHDRAWN else Said.UNSUBSCRIBED
    again = (
        leaving.kind is not Kind.BLOCKED
        and held
        and all(
            row.standing in (said, Said.WITHDRAWN) and row.of_everything for row in held.values()
        )
    )
    return [] if again else [None]


_NO = (Said.UNSUBSCRIBED, Said.WITHDRAWN)


def _entry(leaving: Leaving, topic_id: int | None) -> NewEntry:
    return NewEntry(
        subscriber_id=leaving.subscriber_id,
        kind=leaving.kind,
        topic_id=topic_id,
        policy_id=None,
        source=leaving.source,
        actor=leaving.actor,
        evidence={"scope": leaving.scope.text},
        private={"reason": leaving.reason} if leaving.reason else None,
    )


def _receipt(leaving: Leaving, topic_ids: list[int] | None) -> str:
    entry = ledger.last(leaving.subscriber_id, topic_ids[0] if topic_ids else None, leaving.kind)
    given = receipts.of_entry(entry.id) if entry else None
    if given is not None:
        return given.id
    fresh = StoredReceipt(
        id=receipts.fresh_id(),
        subscriber_id=leaving.subscriber_id,
        topic_id=topic_ids[0] if topic_ids and len(topic_ids) == 1 else None,
        kind=leaving.kind.value,
        entry_id=entry.id if entry else None,
        recorded_at=entry.at if entry else clock.now(),
        in_flight=[],
    )
    db.session.add(fresh)
    return fresh.id


def _answer(leaving: Leaving, done: _Done) -> Receipt:
    in_flight = inflight.wait(leaving.subscriber_id, done.covered, leaving.patience)
    stored = db.session.get_one(StoredReceipt, done.receipt_id)
    if in_flight:
        stored.in_flight = [*stored.in_flight, *(m for m in in_flight if m not in stored.in_flight)]
    answer = Receipt(stored.id, done.topics, stored.recorded_at, in_flight)
    db.session.commit()
    return answer


def _slugs(topic_ids: list[int] | None) -> str:
    if topic_ids is None:
        return "all"
    by_id = {topic.id: topic.slug for topic in topics.all_topics()}
    return ",".join(by_id[topic_id] for topic_id in topic_ids if topic_id in by_id)
