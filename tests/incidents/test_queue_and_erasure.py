"""Who is gone gets nothing: not out of the queue, not by coming back, not by being told."""

from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import PERSONAL, db, dsn
from mailing.base.settings import Settings, current
from mailing.campaigns import notices
from mailing.deliveries import dispatch, letters
from mailing.deliveries.deliveries import Delivery
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people import ledger, suppression
from mailing.people.ledger import Kind, NewEntry
from mailing.people.subscribers import Subscriber
from mailing.people.suppression import Why
from tests import road
from tests.campaigns.test_notices import version
from tests.deliveries.conftest import Sender, sender  # noqa: F401 (a fixture)

PEOPLE_TABLES = ("subscribers", "ledger", "standings", "suppressions", "optins")


def destroy(subscriber_id: UUID) -> None:
    """What destruction leaves: a suppressed digest, an entry, and a row without its data."""
    row = db.session.get_one(Subscriber, subscriber_id)
    ledger.append(NewEntry(row.id, Kind.DESTROYED, None, None, "staff", "test"))
    suppression.suppress(row.digest, Why.DESTROYED)
    row.personal = None
    db.session.commit()


def withdraw(subscriber_id: UUID) -> None:
    leave(Leaving(subscriber_id, Scope.everything(), Kind.WITHDRAWN, "page", patience=0))


@pytest.mark.parametrize("go", [withdraw, destroy])
@pytest.mark.parametrize("is_claimed", [False, True], ids=["queued", "claimed"])
def test_who_withdrew_or_was_erased_while_queued_is_held_and_never_counted_as_reached(
    app: Flask,
    sender: Sender,  # noqa: F811
    go: Any,
    is_claimed: bool,
) -> None:
    """T13."""
    number, people = road.under_way(3)
    claims = sender.claim() if is_claimed else []
    go(people[1])
    passed = sender.ask(claims or sender.claim())
    assert {one.subscriber_id for one in passed} == {people[0], people[2]}
    assert road.outcomes(number)["held"] == {"withdrawn": 1}
    assert road.outcomes(number)["accepted"] == 0


def test_no_delivery_keeps_a_body_or_an_address_that_erasing_could_forget(app: Flask) -> None:
    """T13: a message is written from the person's row at the moment it leaves, or not at all."""
    columns = Delivery.__table__.columns
    personal = [column.name for column in columns if column.info == PERSONAL]
    # What the relay answered is kept as evidence of the outcome; it is no part of the message.
    assert personal == ["reply_text"]
    query = text(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'public' AND table_name LIKE ANY (ARRAY['deliver%', 'batch%']) "
        "AND data_type IN ('bytea', 'json', 'jsonb')"
    )
    # How many of a batch came to what: numbers by state and reason.
    assert db.session.execute(query).all() == [("batch_tallies", "outcomes")]


def test_an_address_that_was_destroyed_stays_out_under_a_new_row(
    app: Flask,
    sender: Sender,  # noqa: F811
) -> None:
    """T19: elsewhere who was deleted and synchronised again was mailed again."""
    policy = road.lay()
    person, other = road.subscribe(policy, 2)
    digest = db.session.get_one(Subscriber, person).digest
    destroy(person)
    # The row itself goes, as a clean-up elsewhere did; a new one gets the same address.
    forget = "UPDATE subscribers SET digest = decode(md5('gone'), 'hex') WHERE id = :id"
    db.session.execute(text(forget), {"id": person})
    db.session.commit()
    road.subscribe(policy, 1)
    back = db.session.query(Subscriber).filter_by(digest=digest).one()
    assert back.id != person
    road.another()
    assert [one.subscriber_id for one in sender.ask(sender.claim())] == [other]
    assert set(suppression.reasons(digest)) == {Why.DESTROYED}


def test_a_success_clears_no_suppression_and_time_clears_none(
    app: Flask,
    sender: Sender,  # noqa: F811
    settings: Settings,
) -> None:
    """T20 (a hash that expired after 30 days), T25 (cleared on one success)."""
    _, (person, other) = road.under_way(2)
    sender.seal(sender.ask(sender.claim()))
    digest = db.session.get_one(Subscriber, person).digest
    lasting = set(Why) - {Why.BOUNCE, Why.MOVED}
    for why in lasting:
        suppression.suppress(digest, why)
    db.session.execute(text("UPDATE suppressions SET since = now() - interval '20 years'"))
    db.session.commit()
    with psycopg.connect(dsn(settings.database), autocommit=True) as database:
        database.execute("UPDATE deliveries SET state = 'accepted', finished_at = now()")
    assert set(suppression.reasons(digest)) == lasting
    suppression.lift_bounce(digest)
    assert set(suppression.reasons(digest)) == lasting
    road.another()
    assert [one.subscriber_id for one in sender.ask(sender.claim())] == [other]


def test_telling_people_about_a_change_makes_nobody_a_subscriber(
    app: Flask,
    sender: Sender,  # noqa: F811
) -> None:
    """T24: elsewhere the mail about a deleted account made its reader a subscriber again."""
    policy = road.lay()
    people = road.subscribe(policy, 2)
    withdraw(people[1])
    drafted = notices.publish(version("major"), road.ACTOR)
    assert drafted is not None
    db.session.commit()
    before = _people()
    dispatch.start(drafted.id, road.ACTOR, now=True)
    db.session.commit()
    passed = sender.ask(sender.claim())
    assert [one.subscriber_id for one in passed] == [people[0]]
    letters.Letters(current()).write(passed[0])
    sender.seal(passed)
    assert _people() == before


def _people() -> dict[str, str]:
    question = "SELECT md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) FROM {} t"
    return {
        table: str(db.session.execute(text(question.format(table))).scalar_one())
        for table in PEOPLE_TABLES
    }
