"""Leaving: the one verb behind every unsubscribe, withdrawal and block.

Journal, transaction, wait, answer (enforcement.md, "Leaving"). It owns its transactions: an
answer is given only once the "no" is durable, and it names what could no longer be recalled.
"""

from dataclasses import dataclass

from sqlalchemy import select, text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Unavailable
from mailing.base.reach import UNREACHABLE
from mailing.base.settings import current
from mailing.leaving import inflight, marks, receipts, scope
from mailing.leaving.journal import Journal, JournalError, Line, Note
from mailing.leaving.receipts import Receipt, StoredReceipt
from mailing.leaving.wish import Leaving as Leaving
from mailing.leaving.wish import say, suppress_unknown
from mailing.people import ledger, standings, subscribers, topics
from mailing.people.ledger import Entry, Kind
from mailing.people.subscribers import Subscriber

_NO_DATABASE = "Your wish is written down, but our database does not answer. Please try again soon."
_NO_JOURNAL = "Your wish is kept, but our journal cannot be written. Please try again soon."

_NOTHING = "Neither our database nor our journal can be written. Please try again soon."

Written = tuple[Journal, Line]


@dataclass(frozen=True)
class _Done:
    receipt_id: str
    topics: str
    covered: list[int]


def leave(leaving: Leaving) -> Receipt:
    """Leave, durably; the receipt. Raises Unavailable (the journal has it) without a database,
    and without a usable journal (the database has it)."""
    try:
        written = _write_down(leaving)
    except (JournalError, OSError):
        is_kept = _keep_without_journal(leaving)
        raise Unavailable(_NO_JOURNAL if is_kept else _NOTHING) from None
    try:
        return _answer(leaving, record(leaving, written))
    except UNREACHABLE:
        db.session.rollback()
        raise Unavailable(_NO_DATABASE) from None


def record(leaving: Leaving, written: Written | None) -> _Done:
    """Turn a journalled wish into facts, in one transaction that commits here. Once only."""
    subscriber = subscribers.lock(leaving.subscriber_id)
    topic_ids = _topics(leaving)
    if written is None or marks.apply(written[0].id, written[1]):
        if subscriber is not None:
            say(leaving, subscriber, topic_ids)
        if written is not None:
            _suppress_written(leaving, subscriber, written[1].note.digest)
        _stop(leaving, topic_ids)
    done = _Done(
        receipt_id=_receipt(leaving, topic_ids),
        topics=_slugs(topic_ids),
        covered=scope.covered(leaving.subscriber_id, topic_ids),
    )
    db.session.execute(text("SET LOCAL synchronous_commit = on"))
    db.session.commit()
    return done


def _suppress_written(leaving: Leaving, subscriber: Subscriber | None, digest: str | None) -> None:
    """Keep out the address that the line names, where it is not the row's: they are not known
    here, or were at another address when this backup was made."""
    if subscriber is None or subscriber.digest.hex() != digest:
        suppress_unknown(leaving, digest)


def _write_down(leaving: Leaving) -> Written:
    journal, digest = _prepare(leaving)
    note = Note(
        subscriber=str(leaving.subscriber_id),
        digest=digest.hex() if digest else None,
        scope=leaving.scope.text,
        kind=leaving.kind.value,
        source=leaving.source,
    )
    return journal, journal.append(note)


def _prepare(leaving: Leaving) -> tuple[Journal, bytes | None]:
    try:
        journal = marks.own_journal()
        query = select(Subscriber.digest).where(Subscriber.id == leaving.subscriber_id)
        digest = db.session.scalars(query).one_or_none()
        db.session.commit()
        return journal, digest
    except UNREACHABLE:
        # Without the database the journal alone takes the wish; it is applied on its return.
        db.session.rollback()
        return Journal(current().journal), None


def _keep_without_journal(leaving: Leaving) -> bool:
    """The disk is full, or the journal is not ours: the "no" holds here, if here can hold it."""
    try:
        db.session.rollback()
        record(leaving, None)
    except UNREACHABLE:
        db.session.rollback()
        return False
    return True


def _topics(leaving: Leaving) -> list[int] | None:
    # A withdrawal and a block end everything, whatever they came through.
    if leaving.kind is not Kind.UNSUBSCRIBED:
        return None
    return scope.topics_of(leaving.scope, leaving.subscriber_id)


def _stop(leaving: Leaving, topic_ids: list[int] | None) -> None:
    covered = scope.covered(leaving.subscriber_id, topic_ids)
    scope.cancel_requests(leaving.subscriber_id, topic_ids)
    named = covered if topic_ids is None else topic_ids
    inflight.keep_back(leaving.subscriber_id, leaving.holds_as, named, covered)


def _receipt(leaving: Leaving, topic_ids: list[int] | None) -> str:
    entry = _said_by(leaving, topic_ids)
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
    receipts.keep(fresh)
    return fresh.id


def _said_by(leaving: Leaving, topic_ids: list[int] | None) -> Entry | None:
    """The entry that says this "no": the newest where several topics were left one by one."""
    if leaving.kind is Kind.BLOCKED:
        return ledger.last(leaving.subscriber_id, None, leaving.kind)
    held = standings.of(leaving.subscriber_id)
    asked = [topics.find(topics.NOTICES).id] if topic_ids is None else topic_ids
    said = [held[topic_id].entry_id or 0 for topic_id in asked if topic_id in held]
    return db.session.get(Entry, max(said)) if said else None


def _answer(leaving: Leaving, done: _Done) -> Receipt:
    in_flight = inflight.wait(leaving.subscriber_id, done.covered, leaving.patience)
    stored = db.session.get_one(StoredReceipt, done.receipt_id)
    if in_flight:
        stored.in_flight = [*stored.in_flight, *(m for m in in_flight if m not in stored.in_flight)]
        receipts.keep(stored)
    answer = Receipt(stored.id, done.topics, stored.recorded_at, in_flight)
    db.session.commit()
    return answer


def _slugs(topic_ids: list[int] | None) -> str:
    if topic_ids is None:
        return "all"
    by_id = {topic.id: topic.slug for topic in topics.all_topics()}
    return ",".join(by_id[topic_id] for topic_id in topic_ids if topic_id in by_id)
