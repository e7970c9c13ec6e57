"""Receipts and the ledger behind them (T56): whatever is changed, by a single bit, is found."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from mailing.base.database import db
from mailing.leaving import proofs, receipts
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.receipts import StoredReceipt
from mailing.leaving.scope import Scope
from mailing.people import ledger, topics
from mailing.people.ledger import Kind, NewEntry
from tests import road
from tests.person import Person

# How one bit of a column is turned over, by its type: a number's, a letter's, an octet's.
FLIPS = {
    "uuid": "encode(set_bit(uuid_send({c}), {n}, 1 - get_bit(uuid_send({c}), {n})), 'hex')::uuid",
    "bytea": "set_bit({c}, {n}, 1 - get_bit({c}, {n}))",
    "integer": "{c} # (1 << {n})",
    "bigint": "{c} # (1::bigint << {n})",
    "text": "chr(ascii({c}) # (1 << {n})) || substr({c}, 2)",
    "timestamp with time zone": "{c} + (1::bigint << {n}) * interval '1 microsecond'",
    "jsonb": "jsonb_set({c}, '{{0,message_id}}', to_jsonb('b'::text))",
}
BITS = {
    "uuid": range(0, 128, 9),
    "bytea": range(0, 256, 17),
    "integer": range(0, 31, 3),
    "bigint": range(0, 40, 5),
    "text": range(5),
    "timestamp with time zone": range(0, 40, 5),
    "jsonb": range(1),
}
GUARDS = (
    "ALTER TABLE {t} DISABLE TRIGGER ALL",
    "ALTER TABLE ledger DROP CONSTRAINT IF EXISTS ledger_kind_is_known",
    "ALTER TABLE ledger DROP CONSTRAINT IF EXISTS ledger_chain_has_no_fork",
    "SET LOCAL session_replication_role = replica",
)


@pytest.fixture
def person(app: Flask) -> Person:
    """Somebody with three entries, the last of which a receipt is about."""
    found = Person(road.lay())
    found.say_yes("news")
    receipt = found.one_click("news")
    stored = db.session.get_one(StoredReceipt, receipt.id)
    db.session.refresh(stored)
    return found


@contextmanager
def tampered(table: str, change: str) -> Iterator[None]:
    """One row of a table changed past every guard, until the end of the block."""
    for guard in GUARDS:
        db.session.execute(text(guard.format(t=table)))
    done = db.session.execute(text(f"UPDATE {table} SET {change} RETURNING 1"))  # noqa: S608
    assert len(done.all()) == 1, change
    db.session.expire_all()
    try:
        yield
    finally:
        db.session.rollback()


def columns(table: str) -> dict[str, str]:
    """The columns with something in them, by name and type."""
    query = text(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = :t"
    )
    return {str(row[0]): str(row[1]) for row in db.session.execute(query, {"t": table})}


def changes(table: str, one: str, spared: frozenset[str]) -> Iterator[str]:
    """A statement for each bit of each column of one row."""
    for column, kind in columns(table).items():
        if column in spared:
            continue
        filled = f"SELECT {column} IS NOT NULL FROM {table} WHERE {one}"  # noqa: S608
        if not db.session.execute(text(filled)).scalar_one():
            continue
        for bit in BITS[kind]:
            yield f"{column} = {FLIPS[kind].format(c=column, n=bit)} WHERE {one}"


def test_any_bit_that_is_turned_over_in_an_entry_is_found(person: Person) -> None:
    """Its `id` is a handle of the table, and no part of what it says."""
    unseen, tried = [], 0
    for change in list(changes("ledger", "seq = 2", frozenset({"id"}))):
        with tampered("ledger", change):
            tried += 1
            if not list(ledger.verify()):
                unseen.append(change)
    assert tried > 80
    assert unseen == []
    assert list(ledger.verify()) == []


def test_any_bit_that_is_turned_over_in_a_receipt_is_found(person: Person) -> None:
    number = db.session.scalars(text("SELECT id FROM receipts")).one()
    entry = 'UPDATE receipts SET in_flight = \'[{"message_id": "a"}]\''
    db.session.execute(text(entry))
    stored = db.session.get_one(StoredReceipt, number, populate_existing=True)
    receipts.seal_anew(stored)
    db.session.commit()
    unseen, tried = [], 0
    for change in list(changes("receipts", "true", frozenset())):
        with tampered("receipts", change):
            tried += 1
            # Under another number it is none of ours for its holder, and forged for the check.
            proof = proofs.of_receipt(number)
            if not list(proofs.verify()) or (proof is not None and proof.holds):
                unseen.append(change)
    assert tried > 60
    assert unseen == []
    assert list(proofs.verify()) == []


def test_a_receipt_without_a_seal_is_refused_by_the_database(person: Person) -> None:
    with pytest.raises(IntegrityError, match="receipt_is_sealed"):
        db.session.execute(text("UPDATE receipts SET seal = NULL"))
    db.session.rollback()


def test_a_receipt_holds_while_its_chain_does_and_later_entries_do_not_matter(
    person: Person,
) -> None:
    number = db.session.scalars(text("SELECT id FROM receipts")).one()
    news = topics.find("news").id
    ledger.append(NewEntry(person.id, Kind.REQUESTED, news, None, "form", "subscriber"))
    db.session.commit()
    for seq, holds in ((4, True), (3, False), (1, False)):
        with tampered("ledger", f"source = 'forged' WHERE seq = {seq}"):
            proof = proofs.of_receipt(number)
            assert proof is not None
            assert proof.holds is holds, seq


def test_whatever_was_left_at_once_the_receipt_says_its_scope(person: Person) -> None:
    news, offers = topics.find("news").id, topics.find("offers").id
    both = leave(Leaving(person.id, Scope.of_topics(news, offers), patience=0))
    everything = leave(Leaving(person.id, Scope.everything(), Kind.WITHDRAWN, "page", patience=0))
    told = [proofs.of_receipt(one.id) for one in (both, everything)]
    assert [one and one.is_everything for one in told] == [False, True]
    assert all(one and one.holds for one in told)


def test_what_is_sealed_with_an_entry_is_checked_and_may_be_destroyed(person: Person) -> None:
    private = {"network_address": "192.0.2.7"}
    news = topics.find("news").id
    ledger.append(NewEntry(person.id, Kind.GIVEN, news, None, "form", "x", {}, private))
    db.session.commit()
    assert list(ledger.verify()) == []
    flip = "sealed = set_bit(sealed, 99, 1 - get_bit(sealed, 99))"
    with tampered("evidence_private", flip):
        ((_, seq, trouble),) = ledger.verify()
        assert (seq, "sealed with its evidence" in trouble) == (4, True)
    db.session.execute(text("DELETE FROM evidence_private"))
    assert list(ledger.verify()) == []
    db.session.rollback()
