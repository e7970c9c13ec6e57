"""The consent ledger: append-only facts, chained per subscriber.

Each entry carries the hash of the one before it, and the subscriber's row the hash of the
last, so a changed, a missing and a cut-off entry are all found. Entries hold no personal
data in clear: the person is a random id, wording and evidence are referenced by hash.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Select,
    Text,
    UniqueConstraint,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.arrays import array_of, columns
from mailing.base.database import DEPERSONALISED, OPERATIONAL, Table, db
from mailing.base.roundtrip import Row, Said
from mailing.base.saying import ask, tell
from mailing.people import evidence, signups, standings, subscribers
from mailing.people.signups import SignUp
from mailing.people.standings import Change, Standing
from mailing.people.subscribers import Held, Subscriber

# A person, the number of an entry, and what is wrong with it.
Broken = tuple[UUID, int, str]
Tell = Callable[[int, int], None]
_A_PAGE = 1000


def _silent(people: int, entries: int) -> None:
    """Nobody listens."""


class Kind(StrEnum):
    """What an entry can say."""

    REQUESTED = "requested"
    GIVEN = "given"
    ATTESTED = "attested"
    UNSUBSCRIBED = "unsubscribed"
    BLOCKED = "blocked"
    RESTORED = "restored"
    WITHDRAWN = "withdrawn"
    DESTROYED = "destroyed"


SAYS = {
    Kind.REQUESTED: standings.Said.REQUESTED,
    Kind.GIVEN: standings.Said.GIVEN,
    Kind.ATTESTED: standings.Said.GIVEN,
    Kind.RESTORED: standings.Said.GIVEN,
    Kind.UNSUBSCRIBED: standings.Said.UNSUBSCRIBED,
    Kind.WITHDRAWN: standings.Said.WITHDRAWN,
    Kind.DESTROYED: standings.Said.WITHDRAWN,
}


class Entry(Table):
    """One fact; never changed (a trigger refuses it)."""

    __tablename__ = "ledger"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('requested', 'given', 'attested', 'unsubscribed', 'blocked', 'restored', "
            "'withdrawn', 'destroyed')",
            name="ledger_kind_is_known",
        ),
        UniqueConstraint("subscriber_id", "seq", name="ledger_chain_has_no_fork"),
        Index("ledger_by_time", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, info=OPERATIONAL)
    subscriber_id: Mapped[UUID] = mapped_column(ForeignKey("subscribers.id"), info=DEPERSONALISED)
    seq: Mapped[int] = mapped_column(Integer, info=OPERATIONAL)
    kind: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topics.id"), info=DEPERSONALISED)
    policy_id: Mapped[int | None] = mapped_column(
        ForeignKey("policy_versions.id"), info=DEPERSONALISED
    )
    source: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    actor: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    evidence_hash: Mapped[bytes] = mapped_column(
        LargeBinary, ForeignKey("evidence.hash"), info=DEPERSONALISED
    )
    at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), info=DEPERSONALISED)
    prev_hash: Mapped[bytes] = mapped_column(LargeBinary, info=OPERATIONAL)
    hash: Mapped[bytes] = mapped_column(LargeBinary, info=OPERATIONAL)


@dataclass(frozen=True)
class NewEntry:
    """A fact about to be written; `topic_id` None means everything.

    `source` is the door it came through (form, one-click, page, mail, import, staff);
    `private` is the personal part of the evidence, sealed apart.
    """

    subscriber_id: UUID
    kind: Kind
    topic_id: int | None
    policy_id: int | None
    source: str
    actor: str
    evidence: dict[str, Any] = field(default_factory=dict)
    private: dict[str, Any] | None = None


class Appended(NamedTuple):
    """What an entry that was just appended is known by. Of two, the greater is the newer one."""

    id: int
    at: datetime
    hash: bytes
    topic_id: int | None


def append(new: NewEntry) -> int:
    """Append one fact and project it; its id. The subscriber's row is locked first."""
    return append_many([new])[0].id


def append_many(news: list[NewEntry]) -> list[Appended]:
    """Append facts in order, each to its subscriber's chain, and project them.

    Rows are locked in the order of their ids, so that two callers never wait for each other.
    """
    if not news:
        return []
    # The update, not a mere lock, orders this act against every gate that asks FOR SHARE.
    rows, ids = ask(subscribers.holding({new.subscriber_id for new in news}), numbering(len(news)))
    held = [Held._make(row) for row in rows]
    said, appended = appending(news, held, numbers_of(ids))
    tell(*said)
    return appended


def numbering(count: int) -> Said:
    """What asks for the ids of so many new entries. Asked with the rows held: ids grow in the order
    of a chain."""
    return Said(_NUMBER, {"count": str(count)})


_NUMBER = "SELECT nextval('ledger_id_seq') FROM generate_series(1, %(count)s::integer)"


def numbers_of(rows: Sequence[Row]) -> list[int]:
    """The ids that `numbering` gives."""
    return [row[0] for row in rows]


def appending(
    news: list[NewEntry], held: Collection[Held], ids: Sequence[int]
) -> tuple[list[Said], list[Appended]]:
    """What `append_many` says, and what it gives, where the rows are held, nothing was appended
    since they were read, and there are ids already; where they do not suffice, more are asked for.
    """
    missing = len(news) - len(ids)
    if missing > 0:
        ids = [*ids, *numbers_of(ask(numbering(missing))[0])]
    heads = {one.id: (one.ledger_seq, one.ledger_head) for one in held}
    hashes, kept = evidence.keeping([_body(new) for new in news])
    rows = [
        {"id": one} | _chain(new, key, heads)
        for new, key, one in zip(news, hashes, ids[: len(news)], strict=True)
    ]
    said = [Said(_INSERT, columns(rows) | _ends(heads) | kept)] if rows else []
    changes = standings.keeping(_changes(news, rows))
    return [*said, *changes], [_appended(row) for row in rows]


def _appended(row: dict[str, Any]) -> Appended:
    return Appended(row["id"], row["at"], row["hash"], row["topic_id"])


def first(new: NewEntry, evidence_hash: bytes) -> dict[str, Any]:
    """The first entry of a chain, as a row; whoever writes it writes the head with it."""
    return _chain(new, evidence_hash, {new.subscriber_id: (0, b"")})


def last(subscriber_id: UUID, topic_id: int | None, kind: Kind) -> Entry | None:
    """The newest entry of this kind and scope."""
    query = (
        select(Entry)
        .where(Entry.subscriber_id == subscriber_id, Entry.kind == kind)
        .where(Entry.topic_id.is_not_distinct_from(topic_id))
        .order_by(Entry.seq.desc())
        .limit(1)
    )
    return db.session.execute(query).scalar_one_or_none()


def refused_everything(subscriber_ids: set[UUID]) -> set[UUID]:
    """Those of these people who have ever said no to everything.

    On a topic without a standing that "no" is the last word (an import must not outvote it).
    """
    query = select(Entry.subscriber_id).where(
        Entry.subscriber_id.in_(subscriber_ids),
        Entry.topic_id.is_(None),
        Entry.kind.in_([Kind.UNSUBSCRIBED, Kind.WITHDRAWN, Kind.DESTROYED]),
    )
    return set(db.session.scalars(query))


def history(subscriber_id: UUID, as_of: datetime | None = None) -> list[Entry]:
    """The facts about one person in order, up to a time where one is given."""
    query = select(Entry).where(Entry.subscriber_id == subscriber_id).order_by(Entry.seq)
    if as_of is not None:
        query = query.where(Entry.at <= as_of)
    return list(db.session.scalars(query))


def entry_hash(row: Mapping[Any, Any]) -> bytes:
    """SHA-256 over an entry's content and the hash before it."""
    return hashlib.sha256(row["prev_hash"] + evidence.canonical(spoken(row))).digest()


def spoken(row: Mapping[Any, Any]) -> dict[str, Any]:
    """An entry's content as it is hashed."""
    return {
        "subscriber": str(row["subscriber_id"]),
        "seq": row["seq"],
        "kind": str(row["kind"]),
        "topic": row["topic_id"],
        "policy": row["policy_id"],
        "source": row["source"],
        "actor": row["actor"],
        "evidence": row["evidence_hash"].hex(),
        "at": row["at"].astimezone(UTC).isoformat(timespec="microseconds"),
    }


def verify(since: datetime | None = None, tell: Tell = _silent) -> Iterator[Broken]:
    """Walk the chains (those touched since a time, or all): `(subscriber, seq, what is wrong)`.

    Nothing is yielded where every chain is whole. `tell` hears after each thousand people how
    many people and entries have been looked at.
    """
    touched = select(Entry.subscriber_id).where(Entry.at >= since) if since else None
    query = select(Subscriber.id, Subscriber.ledger_seq, Subscriber.ledger_head)
    if touched is not None:
        query = query.where(Subscriber.id.in_(touched))
    people = entries = 0
    known: set[bytes] = set()
    for page in db.session.execute(_by_id(query)).partitions():
        heads = {row.id: (row.ledger_seq, row.ledger_head) for row in page}
        yield from _verify_page(heads, known)
        people, entries = people + len(heads), entries + sum(seq for seq, _ in heads.values())
        tell(people, entries)


def _by_id(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """In pages as they come: a million people are never in memory at once."""
    return query.order_by(Subscriber.id).execution_options(yield_per=_A_PAGE)


def trouble_until(subscriber_id: UUID, seq: int) -> str | None:
    """What is wrong with one person's chain, up to and including an entry; None: it holds."""
    query = select(Subscriber.id, Subscriber.ledger_seq, Subscriber.ledger_head)
    row = db.session.execute(query.where(Subscriber.id == subscriber_id)).one_or_none()
    if row is None or row.ledger_seq < seq:
        return "the chain ends before it"
    found = _verify_page({row.id: (row.ledger_seq, row.ledger_head)}, set())
    return next((trouble for _, broken, trouble in found if broken <= seq), None)


def _verify_page(heads: dict[UUID, tuple[int, bytes]], known: set[bytes]) -> Iterator[Broken]:
    found = dict.fromkeys(heads, (0, b""))
    columns = Entry.__table__.c
    query = select(*columns).where(columns.subscriber_id.in_(heads))
    rows = db.session.execute(query.order_by(columns.subscriber_id, columns.seq)).mappings().all()
    spoilt = evidence.spoilt({row["evidence_hash"] for row in rows}, known)
    for row in rows:
        seq, before = found[row["subscriber_id"]]
        trouble = _trouble(row, seq, before) or spoilt.get(row["evidence_hash"])
        if trouble:
            yield row["subscriber_id"], row["seq"], trouble
        found[row["subscriber_id"]] = (row["seq"], row["hash"])
    for subscriber_id, head in heads.items():
        if found[subscriber_id] != head:
            yield subscriber_id, head[0], "the chain does not end where the subscriber's row says"


def _trouble(row: Mapping[Any, Any], seq: int, before: bytes) -> str | None:
    if row["seq"] != seq + 1:
        return f"entry {seq + 1} is missing"
    if row["prev_hash"] != before:
        return "it does not follow the entry before it"
    if row["hash"] != entry_hash(row):
        return "its content is not what was hashed"
    return None


def _body(new: NewEntry) -> dict[str, Any]:
    if not new.private:
        return new.evidence
    return new.evidence | {"private": evidence.seal_private(new.subscriber_id, new.private)}


def _chain(
    new: NewEntry, evidence_hash: bytes, heads: dict[UUID, tuple[int, bytes]]
) -> dict[str, Any]:
    seq, before = heads[new.subscriber_id]
    row: dict[str, Any] = {
        "subscriber_id": new.subscriber_id,
        "seq": seq + 1,
        "kind": new.kind.value,
        "topic_id": new.topic_id,
        "policy_id": new.policy_id,
        "source": new.source,
        "actor": new.actor,
        "evidence_hash": evidence_hash,
        "at": clock.now(),
        "prev_hash": before,
    }
    row["hash"] = entry_hash(row)
    heads[new.subscriber_id] = (seq + 1, row["hash"])
    return row


# Arrays in one statement instead of a statement a row: measured at 20,000 imported rows, this
# halves the time of the ledger. With them go the heads of their chains, and their evidence.
_INSERT = f"""
    WITH kept AS ({evidence.KEEP}
    ), heads AS (
        UPDATE subscribers s SET ledger_seq = n.seq, ledger_head = n.head
        FROM unnest(%(people)s::uuid[], %(seqs)s::integer[], %(heads)s::bytea[])
            AS n (id, seq, head)
        WHERE s.id = n.id
    )
    INSERT INTO ledger (id, subscriber_id, seq, kind, topic_id, policy_id, source, actor,
                        evidence_hash, at, prev_hash, hash)
    SELECT * FROM unnest(
        %(id)s::bigint[], %(subscriber_id)s::uuid[], %(seq)s::integer[], %(kind)s::text[],
        %(topic_id)s::integer[], %(policy_id)s::integer[], %(source)s::text[], %(actor)s::text[],
        %(evidence_hash)s::bytea[], %(at)s::timestamptz[], %(prev_hash)s::bytea[],
        %(hash)s::bytea[])
"""  # noqa: S608 - our own text; every value is bound


def _ends(heads: dict[UUID, tuple[int, bytes]]) -> dict[str, str]:
    return {
        "people": array_of(heads),
        "seqs": array_of([seq for seq, _ in heads.values()]),
        "heads": array_of([head for _, head in heads.values()]),
    }


def _changes(news: list[NewEntry], rows: list[dict[str, Any]]) -> list[Change]:
    touched = {new.subscriber_id for new in news if new.topic_id is None}
    everything = _topics_of(touched) if touched else {}
    for new in news:
        if new.topic_id is not None and new.subscriber_id in touched:
            everything[new.subscriber_id].add(new.topic_id)
    return [
        Change(
            subscriber_id=new.subscriber_id,
            topic_id=topic_id,
            standing=SAYS[new.kind],
            policy_id=new.policy_id,
            entry_id=row["id"],
            since=row["at"],
            of_everything=new.topic_id is None,
            sign_up=_sign_up(new, row["at"]),
        )
        for new, row in zip(news, rows, strict=True)
        if new.kind in SAYS and not _lifts_a_block(new)
        for topic_id in _scope(new, everything)
    ]


def _sign_up(new: NewEntry, at: datetime) -> SignUp | None:
    """A yes of their own is one; what was taken back goes on from where it was."""
    read = {Kind.GIVEN: signups.given, Kind.ATTESTED: signups.attested}.get(new.kind)
    return read(new.evidence, at) if read else None


def _lifts_a_block(new: NewEntry) -> bool:
    # `restored` without a topic ends a block; with one it takes back an unsubscribe.
    return new.kind is Kind.RESTORED and new.topic_id is None


def _scope(new: NewEntry, everything: dict[UUID, set[int]]) -> set[int]:
    return {new.topic_id} if new.topic_id is not None else everything[new.subscriber_id]


def _topics_of(subscriber_ids: set[UUID]) -> dict[UUID, set[int]]:
    # Everything is what the person has a standing on, and the notices, which nobody asks for.
    notices = db.session.scalars(text("SELECT id FROM topics WHERE slug = 'notices'")).one()
    topics = {subscriber_id: {notices} for subscriber_id in subscriber_ids}
    query = select(Standing.subscriber_id, Standing.topic_id).where(
        Standing.subscriber_id.in_(subscriber_ids)
    )
    for row in db.session.execute(query):
        topics[row.subscriber_id].add(row.topic_id)
    return topics
