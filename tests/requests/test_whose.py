"""Whose rows are whose: every table that holds something about people says it."""

from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select, text

from mailing.base.database import PERSONAL, Table, db
from mailing.base.settings import current
from mailing.base.tokens import ReturnPath, link_keys
from mailing.deliveries.answers import Answer
from mailing.leaving import reasons
from mailing.leaving.reasons import LeaveReason
from mailing.people.canonical import canonical
from mailing.people.ledger import Entry
from mailing.people.subscribers import Subscriber, digest_of
from mailing.requests import incoming, whose
from mailing.requests.requests import Request
from tests import road
from tests.inbound.reports import bounced
from tests.person import Person
from tests.requests.desk import asked
from tests.test_wiring import load_models


def _tables(has: Any) -> set[str]:
    load_models()
    return {table.name for table in Table.metadata.sorted_tables if any(map(has, table.columns))}


def test_every_table_with_a_personal_column_says_whose_its_rows_are() -> None:
    personal = _tables(lambda column: column.info == PERSONAL)
    assert personal - set(whose.WHOSE) == whose.OF_STAFF


def test_every_table_that_names_a_person_by_their_id_says_whose_its_rows_are() -> None:
    naming = _tables(lambda column: column.name in ("subscriber_id", "correspondent_id"))
    assert naming - set(whose.WHOSE) == set()


def test_every_condition_can_be_asked_and_finds_no_row_of_anybody_else(app: Flask) -> None:
    policy = road.lay()
    mine, other = road.subscribe(policy, 2)
    who = whose.person(mine)
    found = {table: whose.number(table, who) for table in whose.WHOSE}
    assert (found["subscribers"], found["ledger"], found["standings"]) == (1, 1, 1)
    entries = select(Entry.subscriber_id).where(whose.of("ledger", who))
    assert set(db.session.scalars(entries)) == {mine}
    assert other not in who.ids


def test_what_somebody_wrote_before_they_were_known_is_theirs(app: Flask) -> None:
    policy = road.lay()
    before = asked(sender="aigul@example.com")
    Person(policy).say_yes()
    elsewhere = asked(sender="somebody@example.org")
    who = whose.person(_id_of("aigul@example.com"))
    theirs = set(db.session.scalars(select(Request.id).where(whose.of("requests", who))))
    assert (before.id in theirs, elsewhere.id in theirs) == (True, False)
    assert whose.number("inbound_messages", who) == 1
    assert whose.number("answers", who) == 1, "the receipt that they got"


def test_what_came_back_before_they_were_known_is_theirs(app: Flask) -> None:
    policy = road.lay()
    asked(sender="aigul@example.com")
    db.session.execute(text("UPDATE deliveries SET state = 'accepted', sealed_at = now()"))
    delivery = db.session.scalars(select(Answer.delivery_id)).one()
    path = ReturnPath(delivery).address(link_keys(current().secret_keys), current().bounce_domain)
    # The report names the mailbox that theirs was passed on to.
    assert incoming.take(bounced("elsewhere@example.org", "4.2.2"), [path]).action != "ignored"
    Person(policy).say_yes()
    assert whose.number("inbound_messages", whose.person(_id_of("aigul@example.com"))) == 2


def test_what_they_said_when_they_left_is_found_by_their_links_alone(app: Flask) -> None:
    _, (mine, other) = road.under_way(2)
    said = {one: _tell(one) for one in (mine, other)}
    theirs = select(LeaveReason.once).where(whose.of("leave_reasons", whose.person(mine)))
    assert set(db.session.scalars(theirs)) == {said[mine]}


def _tell(subscriber_id: UUID) -> bytes:
    before = set(db.session.scalars(select(LeaveReason.once)))
    reasons.tell(road.link_in_mail(subscriber_id), "other", "Tired")
    return (set(db.session.scalars(select(LeaveReason.once))) - before).pop()


def _id_of(address: str) -> UUID:
    query = select(Subscriber.id).where(Subscriber.digest == digest_of(canonical(address)))
    return db.session.scalars(query).one()
