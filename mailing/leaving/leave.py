"""Leaving: the one verb behind every unsubscribe, withdrawal and block.

Journal, transaction, wait, answer (enforcement.md, "Leaving"). It owns its transactions: an
answer is given only once the "no" is durable, and it names what could no longer be recalled.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Unavailable
from mailing.base.settings import current
from mailing.base.tokens import LeaveToken, OptInToken, link_keys
from mailing.deliveries.deliveries import State, message_id
from mailing.deliveries.letters import domain_of
from mailing.leaving import marks, receipts, scope
from mailing.leaving.journal import Journal, Line, Note
from mailing.leaving.receipts import Receipt, StoredReceipt
from mailing.leaving.scope import Scope
from mailing.people import ledger, standings, subscribers, suppression, topics
from mailing.people.address import masked
from mailing.people.ledger import Kind, NewEntry
from mailing.people.standings import Said
from mailing.people.subscribers import Subscriber
from mailing.people.suppression import Why

UNDO_WITHIN = timedelta(hours=24)
_LOOK_AGAIN = 0.02


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
class LeaveView:
    """What the page behind a link to leave has to know."""

    topics: list[str]
    language: str
    address: str
    is_subscribed: bool
    can_undo: bool


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
    except OperationalError:
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
    _hold(leaving, topic_ids, covered)
    receipt = _receipt(leaving, topic_ids)
    named = _named(topic_ids)
    db.session.execute(text("SET LOCAL synchronous_commit = on"))
    db.session.commit()
    return _Done(receipt, named, covered)


def by_token(token: str, patience: float, source: str = "one-click") -> Receipt | None:
    """Leave what a link is about; None for a link that is not ours (nothing changes)."""
    meant = _read(token)
    if meant is None:
        return None
    return leave(Leaving(meant[0], meant[1], source=source, patience=patience))


def look(token: str) -> LeaveView | None:
    """What a link is about; None for a link that is not ours."""
    meant = _read(token)
    if meant is None:
        return None
    subscriber = db.session.get(Subscriber, meant[0])
    topic_ids = scope.topics_of(meant[1], meant[0])
    held = standings.of(meant[0])
    rows = [held[topic_id] for topic_id in topic_ids or held if topic_id in held]
    language = subscriber.language if subscriber else "kk"
    personal = subscribers.personal_of(subscriber) if subscriber else None
    return LeaveView(
        topics=scope.names(topic_ids, language),
        language=language,
        address=masked(personal.email) if personal else "",
        is_subscribed=any(row.standing in (Said.GIVEN, Said.REQUESTED) for row in rows),
        can_undo=bool(subscriber and _undoable(subscriber, topic_ids)),
    )


def undo(token: str) -> bool:
    """Take back an unsubscribe of the last 24 hours; whether there was one. Commits."""
    meant = _read(token)
    subscriber = subscribers.lock(meant[0]) if meant else None
    if meant is None or subscriber is None:
        return False
    undoable = _undoable(subscriber, scope.topics_of(meant[1], subscriber.id))
    ledger.append_many([_restored(entry, given) for entry, given in undoable])
    db.session.commit()
    return bool(undoable)


def _read(token: str) -> tuple[UUID, Scope] | None:
    keys = link_keys(current().secret_keys)
    left = LeaveToken.read(keys, token)
    cancelled = OptInToken.read(keys, "cancel", token)
    if left:
        return left.subscriber, Scope.of_topics(left.topic_id)
    return (cancelled.subscriber, Scope.of_optin(cancelled.optin)) if cancelled else None


def _prepare(leaving: Leaving) -> tuple[Journal, bytes | None]:
    try:
        journal = marks.own_journal()
        query = select(Subscriber.digest).where(Subscriber.id == leaving.subscriber_id)
        digest = db.session.scalars(query).one_or_none()
        db.session.commit()
        return journal, digest
    except OperationalError:
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


def _hold(leaving: Leaving, topic_ids: list[int] | None, covered: list[int]) -> None:
    values = {
        "subscriber": leaving.subscriber_id,
        "topics": covered,
        "named": covered if topic_ids is None else topic_ids,
        "reason": leaving.kind.value,
    }
    for change in (_HOLD, _ABORT):
        db.session.execute(text(change), values)


_REASON = (
    "CASE WHEN d.topic_id = ANY (CAST(:named AS integer[])) THEN :reason ELSE 'no_topic_left' END"
)
_MINE = """
    WITH mine AS (SELECT d.id FROM deliveries d LEFT JOIN optins o ON o.id = d.optin_id
        WHERE d.subscriber_id = :subscriber AND d.state IN ({states})
          AND (d.topic_id = ANY (CAST(:topics AS integer[])) OR o.topic_ids && CAST(:topics AS integer[]))
        ORDER BY d.id FOR UPDATE OF d)
    UPDATE deliveries d SET state = {state}, reason = {reason}{more}
    FROM mine WHERE d.id = mine.id
"""
_HOLD = _MINE.format(
    states="'pending', 'deferred', 'claimed'",
    state="'held'",
    reason=_REASON,
    more=", finished_at = now(), retry_at = NULL",
)
_ABORT = _MINE.format(states="'open'", state="'aborting'", reason=_REASON, more="")


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
    in_flight = _wait(leaving, done.covered)
    stored = db.session.get_one(StoredReceipt, done.receipt_id)
    if in_flight:
        stored.in_flight = [*stored.in_flight, *(m for m in in_flight if m not in stored.in_flight)]
    answer = Receipt(stored.id, done.topics, stored.recorded_at, in_flight)
    db.session.commit()
    return answer


def _wait(leaving: Leaving, covered: list[int]) -> list[dict[str, str]]:
    """What is sealed, asked again until there is none or patience ends.

    What is aborting needs no waiting: it cannot complete, because the seal asks for `open`.
    """
    deadline = time.monotonic() + leaving.patience
    while True:
        in_flight = _sealed(leaving.subscriber_id, covered)
        if not in_flight or time.monotonic() >= deadline:
            return in_flight
        time.sleep(_LOOK_AGAIN)


def _sealed(subscriber_id: UUID, covered: list[int]) -> list[dict[str, str]]:
    domain = domain_of(current())
    rows = db.session.execute(text(_IN_FLIGHT), {"subscriber": subscriber_id, "topics": covered})
    found = [
        {"message_id": message_id(row.id, domain), "handed_over_at": row.sealed_at.isoformat()}
        for row in rows
    ]
    db.session.commit()
    return found


_IN_FLIGHT = f"""
    SELECT d.id, d.sealed_at FROM deliveries d LEFT JOIN optins o ON o.id = d.optin_id
    WHERE d.subscriber_id = :subscriber AND d.state = '{State.SEALED.value}'
      AND (d.topic_id = ANY (CAST(:topics AS integer[])) OR o.topic_ids && CAST(:topics AS integer[]))
    ORDER BY d.sealed_at
"""  # noqa: S608 - our own text; every value is bound


def _named(topic_ids: list[int] | None) -> str:
    if topic_ids is None:
        return "all"
    by_id = {topic.id: topic.slug for topic in topics.all_topics()}
    return ",".join(by_id[topic_id] for topic_id in topic_ids if topic_id in by_id)


def _undoable(
    subscriber: Subscriber, topic_ids: list[int] | None
) -> list[tuple[ledger.Entry, ledger.Entry]]:
    if topic_ids is None or suppression.reasons(subscriber.digest) or subscriber.blocked_at:
        return []
    pairs = [_undoable_on(subscriber.id, topic_id) for topic_id in topic_ids]
    return [pair for pair in pairs if pair is not None]


def _undoable_on(subscriber_id: UUID, topic_id: int) -> tuple[ledger.Entry, ledger.Entry] | None:
    """The unsubscribe that may still be taken back, and the yes that it ended."""
    said = [e for e in ledger.history(subscriber_id) if e.topic_id in (topic_id, None)]
    yes = (Kind.GIVEN, Kind.ATTESTED, Kind.RESTORED)
    if len(said) < 2 or said[-1].kind != Kind.UNSUBSCRIBED or said[-2].kind not in yes:
        return None
    recent = said[-1].at > clock.now() - UNDO_WITHIN and said[-1].topic_id == topic_id
    return (said[-1], said[-2]) if recent else None


def _restored(left: ledger.Entry, given: ledger.Entry) -> NewEntry:
    return NewEntry(
        subscriber_id=left.subscriber_id,
        kind=Kind.RESTORED,
        topic_id=left.topic_id,
        policy_id=given.policy_id,
        source="undo",
        actor="subscriber",
        evidence={"undoes": left.hash.hex(), "restores": given.hash.hex()},
    )
