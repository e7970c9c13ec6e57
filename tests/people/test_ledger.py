"""The consent ledger: append-only, chained, found out when it is touched."""

from uuid import uuid4

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from mailing.base.database import db
from mailing.people import ledger, standings, topics
from mailing.people.ledger import Kind, NewEntry
from mailing.people.standings import Said
from tests import road


def test_a_chain_of_entries_verifies_and_its_last_word_is_the_standing(app: Flask) -> None:
    policy = road.lay()
    (person,) = road.subscribe(policy, 1)
    news = topics.find("news").id
    ledger.append(NewEntry(person, Kind.UNSUBSCRIBED, news, None, "page", "subscriber"))
    db.session.commit()
    assert [entry.seq for entry in ledger.history(person)] == [1, 2]
    assert standings.of(person)[news].standing == Said.UNSUBSCRIBED
    assert list(ledger.verify()) == []


@pytest.mark.parametrize("statement", ["UPDATE ledger SET source = 'x'", "DELETE FROM ledger"])
def test_the_database_refuses_to_change_the_ledger(app: Flask, statement: str) -> None:
    road.subscribe(road.lay(), 1)
    with pytest.raises(DatabaseError, match="append-only"):
        db.session.execute(text(statement))
    db.session.rollback()


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        ("UPDATE ledger SET source = 'forged' WHERE seq = 1", "not what was hashed"),
        ("UPDATE ledger SET at = at + interval '1 second' WHERE seq = 2", "not what was hashed"),
        ("DELETE FROM ledger WHERE seq = 1", "missing"),
        ("DELETE FROM ledger WHERE seq = 2", "does not end"),
        ("UPDATE ledger SET prev_hash = hash WHERE seq = 2", "does not follow"),
        ("UPDATE evidence SET body = '{\"form\": 9}'", "evidence"),
    ],
)
def test_whoever_gets_past_the_trigger_is_found_out(app: Flask, damage: str, finding: str) -> None:
    policy = road.lay()
    (person,) = road.subscribe(policy, 1)
    ledger.append(
        NewEntry(person, Kind.UNSUBSCRIBED, topics.find("news").id, None, "page", "subscriber")
    )
    db.session.commit()
    db.session.execute(text("ALTER TABLE ledger DISABLE TRIGGER ALL"))
    db.session.execute(text("ALTER TABLE standings DISABLE TRIGGER ALL"))
    db.session.execute(text("ALTER TABLE evidence DISABLE TRIGGER ALL"))
    db.session.execute(text("UPDATE standings SET entry_id = NULL"))
    db.session.execute(text(damage))
    db.session.commit()
    found = list(ledger.verify())
    assert found
    assert found[0][0] == person
    assert any(finding in trouble for _, _, trouble in found)


def test_asking_again_is_not_a_way_around_a_no(app: Flask) -> None:
    policy = road.lay()
    (person,) = road.subscribe(policy, 1)
    news = topics.find("news").id
    for kind in (Kind.UNSUBSCRIBED, Kind.REQUESTED):
        ledger.append(NewEntry(person, kind, news, policy.id, "form", "subscriber"))
    row = standings.of(person)[news]
    assert (row.standing, row.refused) == (Said.REQUESTED, True)
    ledger.append(NewEntry(person, Kind.GIVEN, news, policy.id, "form", "subscriber"))
    row = standings.of(person)[news]
    assert (row.standing, row.refused) == (Said.GIVEN, False)


def test_a_no_to_everything_covers_what_was_subscribed_and_the_notices(app: Flask) -> None:
    policy = road.lay()
    (person,) = road.subscribe(policy, 1)
    ledger.append(NewEntry(person, Kind.UNSUBSCRIBED, None, None, "page", "subscriber"))
    names = {topic.id: topic.slug for topic in topics.all_topics()}
    said = {names[topic_id]: row.standing for topic_id, row in standings.of(person).items()}
    assert said == {"news": Said.UNSUBSCRIBED, "notices": Said.UNSUBSCRIBED}
    assert ledger.refused_everything({person, uuid4()}) == {person}


KINDS = st.sampled_from([Kind.REQUESTED, Kind.GIVEN, Kind.ATTESTED, Kind.UNSUBSCRIBED])


ONE_DATABASE = [HealthCheck.function_scoped_fixture]


@settings(max_examples=20, deadline=None, suppress_health_check=ONE_DATABASE)
@given(said=st.lists(st.tuples(KINDS, st.integers(0, 2)), min_size=1, max_size=12))
def test_whatever_is_said_the_standing_is_the_last_word_and_the_chains_hold(
    app: Flask, said: list[tuple[Kind, int]]
) -> None:
    policy = road.lay()
    people = road.subscribe(policy, 3, "offers", first=uuid4().int % 10**12)
    news = topics.find("news").id
    ledger.append_many(
        [NewEntry(people[who], kind, news, policy.id, "form", "subscriber") for kind, who in said]
    )
    last = {people[who]: ledger.SAYS[kind] for kind, who in said}
    assert {p: standings.of(p)[news].standing for p in last} == {p: str(w) for p, w in last.items()}
    assert list(ledger.verify()) == []
    db.session.rollback()
