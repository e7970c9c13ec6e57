"""A database in the middle of a campaign is carried over: it goes on, and nobody is written to
twice."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import schema
from mailing.base.database import db, dsn
from mailing.base.settings import Settings, current, load
from mailing.bootstrap import create_base
from mailing.campaigns import audience, campaigns
from mailing.deliveries import dispatch, halting, incarnations, queue
from mailing.deliveries.incarnations import Journalled
from mailing.deliveries.results import Ending, Result
from mailing.people import optins
from mailing.people.optins import Asked
from tests import road
from tests.deliveries.conftest import Sender

# How the twenty whose rows are written stood when the program was exchanged.
STOOD = (
    *("pending", "claimed", "open", "sealed", "aborting"),
    *("accepted", "refused", "uncertain", "held", "deferred"),
) * 2
DEAD = uuid4()
SHAPE = (
    "SELECT table_name, column_name, data_type, is_nullable, column_default "
    "FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2",
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
    "SELECT relname, reloptions FROM pg_class WHERE relnamespace = 'public'::regnamespace "
    "AND relkind IN ('r', 'S') ORDER BY 1",
)


@pytest.fixture
def old(
    empty_database_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    """The base application over a database that becomes one of the first schema."""
    schema.upgrade(empty_database_url)
    monkeypatch.setenv("KELISIM_DATABASE_URL", empty_database_url)
    monkeypatch.setattr(audience, "CHUNK", 10)
    base = create_base(load(_env_file=None))
    with base.app_context():
        yield base
        db.session.remove()
        db.engine.dispose()


def in_the_middle() -> int:
    """A campaign to 35 of whom 20 are written, in every state, and a confirmation that waits."""
    people = road.subscribe(road.lay(), 35)
    number = road.campaign()
    campaign = campaigns.lock(number)
    audience.snapshot(campaign)
    campaign.state, campaign.started_at = "sending", campaign.created_at
    optin = optins.open_request(
        Asked(people[0], 1, 1, 1, "kk", "http://glazik.example", {1: ""}, {})
    )
    optin_id = optin.id
    db.session.commit()
    # The old program would write the same rows; what this one writes of them fits its own schema.
    schema.downgrade(current().database, "0001")
    db.session.execute(text("UPDATE campaigns SET fanned_out = false"))
    chunks = db.session.execute(
        text(
            "UPDATE audience_chunks SET written_at = now() WHERE number <= 2 AND reason IS NULL "
            "RETURNING subscriber_ids"
        )
    )
    written = [person for row in chunks for person in row[0]]
    for person, state in zip(written, STOOD, strict=True):
        _write(number, person, state)
    _write_confirmation(people[0], optin_id)
    db.session.commit()
    return number


def _write(campaign_id: int, person: UUID, state: str) -> None:
    query = """
        INSERT INTO deliveries (kind, campaign_id, subscriber_id, topic_id, state, owner, fence,
                                reason, retry_at)
        SELECT 'campaign', id, :person, topic_id, CAST(:state AS text),
            CASE WHEN :state NOT IN ('pending', 'deferred') THEN CAST(:owner AS uuid) END, 1,
            CASE WHEN :state IN ('held', 'aborting') THEN 'unsubscribed' END,
            CASE WHEN :state = 'deferred' THEN now() + interval '1 hour' END
        FROM campaigns WHERE id = :campaign
    """
    values = {"campaign": campaign_id, "person": person, "state": state, "owner": DEAD}
    db.session.execute(text(query), values)


def _write_confirmation(person: UUID, optin: UUID) -> None:
    query = """
        INSERT INTO deliveries (kind, optin_id, subscriber_id, topic_id, confirmation_day,
                                confirmation_number)
        VALUES ('confirmation', :optin, :person, 1, current_date, 1)
    """
    db.session.execute(text(query), {"optin": optin, "person": person})


def migrated() -> None:
    schema.upgrade(current().database)
    db.session.commit()


def the_dead_are_settled(sender: Sender) -> int:
    with sender.database.transaction():
        return incarnations.settle(sender.database, current(), DEAD, Journalled({}, True))


def deliver(sender: Sender) -> list[UUID]:
    """Hand over all that is due, as an engine does; to whom."""
    claims = sender.claim()
    passed = sender.ask(claims)
    sealed = sender.seal(passed)
    told = [Result(i, _fence(sender, i), Ending.ACCEPTED, 1, 250) for i in sealed]
    sender.ask([], *told)
    queue.release(sender.database, sender.id)
    return [claim.subscriber_id for claim in claims]


def _fence(sender: Sender, delivery_id: UUID) -> int:
    return int(sender.row(delivery_id)["fence"])


@pytest.fixture
def sender(old: Flask) -> Iterator[Sender]:
    with psycopg.connect(dsn(current().database), autocommit=True) as database:
        yield Sender(database)


def test_a_campaign_that_is_under_way_goes_on_and_nobody_is_written_to_twice(
    old: Flask, sender: Sender
) -> None:
    number = in_the_middle()
    before = sender.states()
    gone = people(sender, "state IN ('accepted', 'refused', 'uncertain', 'held', 'aborting')")
    migrated()
    assert sender.states() == before
    [confirmed, *reached] = deliver(sender)
    assert people(sender, "kind = 'confirmation'") == [confirmed]
    assert len(reached) == 2 + 15, "who waited, and the chunks that nobody had written"
    assert the_dead_are_settled(sender) == 8
    reached += deliver(sender)
    assert dispatch.finish() == [], "two wait for their retry"
    db.session.commit()
    road.make_due(sender.database)
    reached += deliver(sender)
    assert len(reached) == len(set(reached)) == 25
    assert not set(reached) & set(gone)
    assert dispatch.finish() == [number]
    db.session.commit()
    outcomes = road.outcomes(number)
    assert (outcomes["accepted"], outcomes["refused"], outcomes["uncertain"]) == (27, 2, 2)
    assert (outcomes["held"], outcomes["audience"]) == ({"unsubscribed": 4}, 35)
    assert len(people(sender, "kind = 'campaign'")) == 35


def test_what_was_stopped_before_stays_so_and_is_written_down(old: Flask, sender: Sender) -> None:
    number = in_the_middle()
    sender.database.execute("UPDATE campaigns SET state = 'stopped'")
    migrated()
    assert len(deliver(sender)) == 1, "the confirmation alone"
    the_dead_are_settled(sender)
    while halting.close_stopped():
        db.session.commit()
    assert sender.states() == {"accepted": 3, "refused": 2, "uncertain": 2, "held": 14}
    held = {"campaign_stopped": 2 + 6 + 2 + 15, "unsubscribed": 4}
    assert road.outcomes(number)["held"] == held
    unfinished = "SELECT count(*) FROM batches WHERE finished_at IS NULL"
    assert sender.database.execute(unfinished).fetchone() == (0,)


def test_the_way_back_brings_the_old_shape_and_every_row(old: Flask, sender: Sender) -> None:
    in_the_middle()
    shape, rows = [everything(sender, query) for query in SHAPE], contents(sender)
    migrated()
    assert [everything(sender, query) for query in SHAPE] != shape
    schema.downgrade(current().database, "0001")
    assert [everything(sender, query) for query in SHAPE] == shape
    assert contents(sender) == rows


def test_the_way_back_knows_what_was_written_meanwhile(old: Flask, sender: Sender) -> None:
    in_the_middle()
    migrated()
    deliver(sender)
    schema.downgrade(current().database, "0001")
    unwritten = "SELECT count(*) FROM audience_chunks WHERE written_at IS NULL"
    assert sender.database.execute(unwritten).fetchone() == (0,)
    assert sender.database.execute("SELECT fanned_out FROM campaigns").fetchone() == (True,)
    assert sender.states()["accepted"] == 2 + 2 + 15 + 1


def contents(sender: Sender) -> list[list[Any]]:
    """What the old program goes by, row for row."""
    tables = ("campaigns", "audience_chunks", "deliveries")
    return [everything(sender, f"SELECT t.* FROM {table} t ORDER BY 1, 2") for table in tables]  # noqa: S608


def everything(sender: Sender, query: str) -> list[Any]:
    cursor = sender.database.cursor(row_factory=psycopg.rows.dict_row)
    return cursor.execute(query).fetchall()


def people(sender: Sender, where: str) -> list[UUID]:
    query = f"SELECT subscriber_id FROM deliveries WHERE {where}"  # noqa: S608 - our own text
    return [row[0] for row in sender.database.execute(query)]
