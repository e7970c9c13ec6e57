"""Leaving: the one verb behind every unsubscribe, withdrawal and block.

Journal, transaction, wait, answer (enforcement.md, "Leaving"). It owns its transactions: an
answer is given only once the "no" is durable, and it names what could no longer be recalled.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from mailing.base import clock
from mailing.base.database import db, each_by_itself
from mailing.base.errors import Missing, Unavailable
from mailing.base.reach import UNREACHABLE
from mailing.base.roundtrip import Said
from mailing.base.saying import ask, finish, tell
from mailing.base.settings import current
from mailing.leaving import inflight, marks, receipts, scope
from mailing.leaving.journal import Journal, JournalError, Line, Note
from mailing.leaving.receipts import Receipt, StoredReceipt
from mailing.leaving.wish import Leaving as Leaving
from mailing.leaving.wish import saying, suppress_unknown
from mailing.people import ledger, lost, standings, subscribers, topics
from mailing.people.ledger import Appended, Entry, Kind, numbers_of
from mailing.people.standings import Held
from mailing.people.subscribers import Held as Person
from mailing.people.topics import Named

_NO_DATABASE = "Your wish is written down, but our database does not answer. Please try again soon."
_NO_JOURNAL = "Your wish is kept, but our journal cannot be written. Please try again soon."

_NOTHING = "Neither our database nor our journal can be written. Please try again soon."
NOBODY_KNOWN = "This is ours, and leads to nobody whom this database knows."

Written = tuple[Journal, Line]


class NobodyKnown(Missing):
    """A link of ours that belongs to nobody whom the database knows: it was restored since, and
    no send journal tells whose address it went to. Nothing can be written down for them."""


@dataclass(frozen=True)
class _Done:
    receipt_id: str
    recorded_at: datetime
    topics: str
    subscriber_id: UUID
    covered: list[int]
    is_of_somebody: bool


def leave(leaving: Leaving) -> Receipt:
    """Leave, durably; the receipt. Raises Unavailable (the journal has it) without a database,
    and without a usable journal (the database has it); NobodyKnown where there is nobody."""
    try:
        written = _write_down(leaving)
    except (JournalError, OSError):
        is_kept = _keep_without_journal(leaving)
        raise Unavailable(_NO_JOURNAL if is_kept else _NOTHING) from None
    try:
        done = record(leaving, written)
        if not done.is_of_somebody:
            raise NobodyKnown(NOBODY_KNOWN)
        return _answer(leaving, done)
    except UNREACHABLE:
        db.session.rollback()
        raise Unavailable(_NO_DATABASE) from None


def record(leaving: Leaving, written: Written | None) -> _Done:
    """Turn a journalled wish into facts, in one transaction that commits here. Once only.

    It asks once and says once: whoever leaves waits for each round trip.
    """
    case = _ask_about(leaving, written)
    leaving, topic_ids = case.leaving, case.topic_ids
    covered = scope.covered(topic_ids, case.held, case.every)
    said: list[Said] = []
    entries: list[Appended] = []
    if case.is_new:
        if case.person is not None:
            said, entries = saying(leaving, case.person, case.held, topic_ids, case.numbers)
        _suppress_written(leaving, case.person, case.digest)
        said += _stopping(leaving, topic_ids, covered)
    receipt, kept = _receipt(leaving, topic_ids, entries)
    is_of_somebody = case.person is not None or case.digest is not None
    told = (_slugs(topic_ids, case.every), leaving.subscriber_id, covered, is_of_somebody)
    done = _Done(receipt.id, receipt.recorded_at, *told)
    finish(*said, *kept)
    return done


class _Case(NamedTuple):
    """A wish of whoever said it by now, with their row, which is held, and all it is judged by."""

    leaving: Leaving
    person: Person | None
    digest: str | None
    every: list[Named]
    topic_ids: list[int] | None
    held: dict[int, Held]
    is_new: bool
    numbers: list[int]


def _ask_about(leaving: Leaving, written: Written | None) -> _Case:
    """Hold the person's row before all else, mark the line, and ask what the wish is judged by."""
    digest = written[1].note.digest if written else None
    whose, beginning = [leaving.subscriber_id], _beginning(written)
    rows, names, stands, _, *begun = ask(
        subscribers.holding(whose), topics.NAMES, standings.asking(whose), _BEFORE, *beginning
    )
    every = [Named._make(row) for row in names]
    person = Person._make(rows[0]) if rows else None
    if person is None:
        # Nothing is marked before whoever they are by now is held: replay does it in that order.
        tell(_UNDO)
        leaving, person = _now(leaving, digest)
        # The line of a former link may have been written while the database was away.
        digest = digest if person else digest or lost.hex_digest_of(leaving.subscriber_id)
    topic_ids = _topics(leaving, every)
    if person is None and _is_remembered(leaving, topic_ids, digest):
        # Whoever joins by that address just now is the one who is found then.
        leaving, person = _now(leaving, digest)
    if not rows:
        stands, *begun = ask(standings.asking([leaving.subscriber_id]), *beginning)
    held, numbers = standings.by_topic(stands), numbers_of(begun[0])
    is_new = written is None or marks.is_fresh(begun[1], written[0].id, written[1])
    return _Case(leaving, person, digest, every, topic_ids, held, is_new, numbers)


_BEFORE, _UNDO = Said("SAVEPOINT held", {}), Said("ROLLBACK TO SAVEPOINT held", {})


def _beginning(written: Written | None) -> list[Said]:
    """What draws a number for the entry, since nearly every wish is one, and marks the line."""
    return [ledger.numbering(1), *([marks.marking(written[0].id, [written[1]])] if written else [])]


def _now(leaving: Leaving, digest: str | None) -> tuple[Leaving, Person | None]:
    """The same, said by whoever it is by now, and their row, held; None where nobody is known.

    A link may be older than the database: then it is whoever has the address that the line names.
    Asked in the transaction that records it: of one that nobody can be asked about nothing would
    be recorded, and the line called applied.
    """
    found = subscribers.hold([leaving.subscriber_id]).get(leaving.subscriber_id)
    if found is None and digest is not None:
        found = subscribers.hold_by_digest(bytes.fromhex(digest))
    elif found is None:
        known_as = lost.now_known_as(leaving.subscriber_id)
        found = subscribers.hold([known_as]).get(known_as)
    return (replace(leaving, subscriber_id=found.id) if found else leaving), found


def _is_remembered(leaving: Leaving, topic_ids: list[int] | None, digest: str | None) -> bool:
    """Of whoever came after the backup that this is, and leaves, the digest is kept with their
    "no": an import keeps them out, a form may ask them again."""
    is_said = leaving.kind is Kind.UNSUBSCRIBED and topic_ids != []
    if digest is None or not is_said:
        return False
    subscribers.remember({leaving.subscriber_id: bytes.fromhex(digest)})
    return True


def _suppress_written(leaving: Leaving, person: Person | None, digest: str | None) -> None:
    """Keep out the address that the line names, where it is not the row's: they are not known
    here, or were at another address when this backup was made."""
    if person is None or person.digest.hex() != digest:
        suppress_unknown(leaving, digest)


def _write_down(leaving: Leaving) -> Written:
    journal, digest = _prepare(leaving)
    note = Note(
        subscriber=str(leaving.subscriber_id),
        digest=digest,
        scope=leaving.scope.text,
        kind=leaving.kind.value,
        source=leaving.source,
    )
    return journal, journal.append(note)


_ASK = f"SELECT {marks.KNOWN} AS journals, {lost.DIGEST} AS digest"


def _prepare(leaving: Leaving) -> tuple[Journal, str | None]:
    try:
        with each_by_itself():
            [(journals, digest)] = ask(Said(_ASK, {"id": str(leaving.subscriber_id)}))[0]
            journal = marks.journal_among(set(journals))
    except UNREACHABLE:
        # Without the database the journal alone takes the wish; it is applied on its return.
        db.session.rollback()
        return Journal(current().journal), None
    if digest is None:
        raise NobodyKnown(NOBODY_KNOWN)
    return journal, digest.hex()


def _keep_without_journal(leaving: Leaving) -> bool:
    """The disk is full, or the journal is not ours: the "no" holds here, if here can hold it."""
    try:
        db.session.rollback()
        return record(leaving, None).is_of_somebody
    except UNREACHABLE:
        db.session.rollback()
        return False


def _topics(leaving: Leaving, every: Sequence[Named]) -> list[int] | None:
    # A withdrawal and a block end everything, whatever they came through.
    if leaving.kind is not Kind.UNSUBSCRIBED:
        return None
    return scope.topics_of(leaving.scope, leaving.subscriber_id, every)


def _stopping(leaving: Leaving, topic_ids: list[int] | None, covered: list[int]) -> list[Said]:
    """What takes back what they asked for, and keeps back what waits for them."""
    whose, named = [leaving.subscriber_id], covered if topic_ids is None else topic_ids
    kept_back = inflight.keeping_back(whose, leaving.holds_as, named, covered)
    return [scope.cancelling(whose, topic_ids), *kept_back]


def _receipt(
    leaving: Leaving, topic_ids: list[int] | None, entries: list[Appended]
) -> tuple[StoredReceipt, list[Said]]:
    """What is answered, and what writes it down; `entries` are appended for it."""
    entry = _said_by(leaving, topic_ids, entries)
    # Of what is said just now nobody has a receipt.
    given = receipts.of_entry(entry.id) if entry and entry not in entries else None
    if given is not None:
        return given, []
    fresh = StoredReceipt(
        id=receipts.fresh_id(),
        subscriber_id=leaving.subscriber_id,
        topic_id=topic_ids[0] if topic_ids and len(topic_ids) == 1 else None,
        kind=leaving.kind.value,
        entry_id=entry.id if entry else None,
        recorded_at=entry.at if entry else clock.now(),
        in_flight=[],
    )
    return fresh, [receipts.keeping(fresh, entry)]


def _said_by(
    leaving: Leaving, topic_ids: list[int] | None, entries: list[Appended]
) -> Entry | Appended | None:
    """The entry that says this "no": the newest where several topics were left one by one, and
    where everything is left what says so of the notices."""
    if leaving.kind is Kind.BLOCKED:
        return max(entries) if entries else ledger.last(leaving.subscriber_id, None, leaving.kind)
    asked = [topics.find(topics.NOTICES).id] if topic_ids is None else topic_ids
    fresh = [one for one in entries if one.topic_id is None or one.topic_id in asked]
    if fresh:
        return max(fresh)
    held = standings.of(leaving.subscriber_id)
    found = [held[topic_id].entry_id or 0 for topic_id in asked if topic_id in held]
    return db.session.get(Entry, max(found)) if found else None


def _answer(leaving: Leaving, done: _Done) -> Receipt:
    in_flight = inflight.wait(done.subscriber_id, done.covered, leaving.patience)
    if in_flight:
        stored = db.session.get_one(StoredReceipt, done.receipt_id)
        stored.in_flight = [*stored.in_flight, *(m for m in in_flight if m not in stored.in_flight)]
        receipts.seal_anew(stored)
        db.session.commit()
    return Receipt(done.receipt_id, done.topics, done.recorded_at, in_flight)


def _slugs(topic_ids: list[int] | None, every: Sequence[Named]) -> str:
    if topic_ids is None:
        return "all"
    by_id = {topic.id: topic.slug for topic in every}
    return ",".join(by_id[topic_id] for topic_id in topic_ids if topic_id in by_id)
