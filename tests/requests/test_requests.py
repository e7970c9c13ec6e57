"""Requests: numbers, one a message, what staff do with them."""

import threading
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid, Missing
from mailing.requests import acting, timeline
from mailing.requests.acting import Closing
from mailing.requests.correspondent import Correspondent
from mailing.requests.kinds import Channel, Kind, Resolution, State
from mailing.requests.requests import NewRequest, Request, find, named, of_message, open_request
from mailing.staff import staff
from mailing.staff.audit import Actor, AuditEntry
from mailing.staff.staff import Role
from tests.person import Person
from tests.requests.desk import came_in

OFFICER = Actor("staff 1", Role.OFFICER)


def test_numbers_begin_anew_each_year_and_have_no_gap(app: Flask) -> None:
    at = datetime(2026, 12, 31, 18, 59, tzinfo=UTC)
    with clock.use(lambda: at):
        first, second = (open_request(NewRequest(Kind.QUESTION)) for _ in range(2))
    with clock.use(lambda: at.replace(hour=19)):  # New Year in Almaty.
        third = open_request(NewRequest(Kind.QUESTION))
    assert [one.number for one in (first, second, third)] == ["2026-0001", "2026-0002", "2027-0001"]
    assert named(" 2026-0002 ").id == second.id == named(str(second.id)).id
    with pytest.raises(Missing):
        named("2026-0003")


def test_copies_of_a_message_that_come_at_once_open_one_request(app: Flask) -> None:
    inbound_id = came_in()
    numbers: list[str] = []

    def take() -> None:
        with app.app_context():
            request = open_request(NewRequest(Kind.QUESTION, inbound_id=inbound_id))
            numbers.append(request.number)
            db.session.commit()

    copies = [threading.Thread(target=take) for _ in range(4)]
    for copy in copies:
        copy.start()
    for copy in copies:
        copy.join()
    assert len(numbers) == 4
    assert len(set(numbers)) == 1
    assert [one.number for one in of_message(inbound_id)] == numbers[:1]


def test_who_wrote_is_sealed_and_read_back(app: Flask) -> None:
    wrote = Correspondent("Aigul@example.com", "a@example.com", ("b@example.com",), True)
    request = open_request(NewRequest(Kind.QUESTION, correspondent=wrote))
    db.session.commit()
    assert find(request.id).correspondent == wrote
    stored = db.session.execute(text("SELECT requests::text FROM requests")).scalar_one()
    assert "aigul" not in stored.lower()
    assert b"example".hex() not in stored


def test_the_language_is_the_messages_own_else_the_persons(person: Person) -> None:
    of_person = NewRequest(Kind.QUESTION, subscriber_id=person.id)
    assert open_request(of_person).tongue == "kk"
    assert open_request(NewRequest(Kind.QUESTION, language="ru")).tongue == "ru"
    assert open_request(NewRequest(Kind.QUESTION, language="xx")).tongue == "kk"


def test_each_act_is_in_the_timeline_and_in_the_audit_log(app: Flask) -> None:
    officer = staff.add("officer@example.com", Role.OFFICER, "sample words of a sample")
    request = open_request(NewRequest(Kind.UNCLEAR, Channel.LETTER))
    acting.assign(request.id, officer.id, OFFICER)
    acting.reclassify(request.id, Kind.QUESTION, OFFICER)
    acting.close(request.id, Closing(Resolution.REFUSED, "Not about data"), OFFICER)
    acting.take_up(request.id, OFFICER)
    db.session.commit()
    happened = [line.what for line in timeline.of(request.id)]
    assert happened == ["opened", "assigned", "reclassified", "closed", "taken_up"]
    logged = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert logged == [
        "request assigned",
        "request reclassified",
        "request closed",
        "request taken up",
    ]


def test_the_timeline_cannot_be_changed(app: Flask) -> None:
    open_request(NewRequest(Kind.QUESTION))
    db.session.commit()
    for attempt in ("UPDATE request_events SET what = 'x'", "DELETE FROM request_events"):
        with pytest.raises(DatabaseError, match="append-only"):
            db.session.execute(text(attempt))
        db.session.rollback()


def test_only_who_may_act_on_requests_is_given_one(app: Flask) -> None:
    marketer = staff.add("marketer@example.com", Role.MARKETER, "sample words of a sample")
    request = open_request(NewRequest(Kind.QUESTION))
    with pytest.raises(Invalid):
        acting.assign(request.id, marketer.id, OFFICER)
    with pytest.raises(Missing):
        acting.assign(request.id, 4711, OFFICER)


def test_saying_what_it_is_moves_the_due_date_to_that_kinds_term(app: Flask) -> None:
    came = datetime(2026, 11, 30, 5, tzinfo=UTC)
    request = open_request(NewRequest(Kind.UNCLEAR, received_at=came))
    before = request.due_at
    acting.reclassify(request.id, Kind.WITHDRAWAL, OFFICER)
    assert (before.day, request.due_at.day) == (3, 1)


def test_junk_is_closed_as_such_with_one_press(app: Flask) -> None:
    request = acting.reclassify(open_request(NewRequest(Kind.UNCLEAR)).id, Kind.JUNK, OFFICER)
    assert (request.state, request.resolution) == (State.CLOSED, Resolution.JUNK)


def test_a_request_is_closed_with_a_reason_once_and_never_unread(app: Flask) -> None:
    request = open_request(NewRequest(Kind.UNCLEAR))
    done = Closing(Resolution.DONE, "Answered by telephone")
    with pytest.raises(Conflict):
        acting.close(request.id, done, OFFICER)
    acting.reclassify(request.id, Kind.QUESTION, OFFICER)
    with pytest.raises(Invalid):
        acting.close(request.id, Closing(Resolution.DONE, "  "), OFFICER)
    acting.close(request.id, done, OFFICER)
    assert request.why == "Answered by telephone"
    with pytest.raises(Conflict):
        acting.close(request.id, done, OFFICER)
    with pytest.raises(Conflict):
        acting.reclassify(request.id, Kind.QUESTION, OFFICER)
    acting.take_up(request.id, OFFICER)
    assert (request.state, request.why, request.ended) == (State.OPEN, "", None)


def test_the_same_message_is_not_two_requests_of_one_kind(app: Flask) -> None:
    inbound_id = came_in()
    open_request(NewRequest(Kind.QUESTION, inbound_id=inbound_id))
    other = open_request(NewRequest(Kind.DESTRUCTION, inbound_id=inbound_id))
    with pytest.raises(Conflict):
        acting.reclassify(other.id, Kind.QUESTION, OFFICER)


def test_the_database_refuses_a_closed_request_that_does_not_say_how(app: Flask) -> None:
    request: Request = open_request(NewRequest(Kind.QUESTION))
    request.state = State.CLOSED.value
    with pytest.raises(DatabaseError, match="closed_request_says_how"):
        db.session.flush()
