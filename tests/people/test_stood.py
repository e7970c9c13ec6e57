"""How consent stood at a moment (T55): told from the ledger, whatever has been said since."""

from datetime import timedelta

import pytest
from flask import Flask

from mailing.base import clock
from mailing.base.database import db
from mailing.base.languages import speaking
from mailing.people import ledger, stood
from mailing.people.ledger import Kind, NewEntry
from tests import road
from tests.person import Person

ZONE = "Asia/Almaty"


@pytest.fixture
def person(app: Flask) -> Person:
    return Person(road.lay())


def _told(person: Person, **back: float) -> list[str]:
    moment = clock.now() - timedelta(**back) if back else clock.now()
    with speaking("en"):
        return [one.sentence(ZONE) for one in stood.at(person.id, moment)]


def _valid(person: Person) -> dict[str, bool]:
    return {one.topic.slug: one.is_valid for one in stood.at(person.id, clock.now())}


def test_the_sentence_says_on_what_the_consent_rests(person: Person) -> None:
    person.say_yes("news")
    (told,) = _told(person)
    assert told.startswith("On ")
    assert "consent to “News” was valid: given on " in told
    assert "(Almaty time)" in told


def test_what_was_valid_then_is_told_though_it_has_ended_since(person: Person) -> None:
    person.say_yes("news", "offers")
    between = clock.now()
    person.one_click("news")
    assert _valid(person) == {"news": False, "offers": True}
    assert [one.is_valid for one in stood.at(person.id, between)] == [True, True]
    assert "unsubscribed on " in _told(person)[0]


def test_before_anything_was_said_nothing_stood(person: Person) -> None:
    person.say_yes("news")
    assert _told(person, hours=1) == []


def test_a_request_alone_is_no_consent(person: Person) -> None:
    """T8."""
    person.ask("news")
    assert _valid(person) == {"news": False}
    assert "asked for on " in _told(person)[0]


def test_a_no_to_everything_ends_every_topic(person: Person) -> None:
    person.say_yes("news", "offers")
    person.leave(kind=Kind.WITHDRAWN)
    assert set(_valid(person).values()) == {False}
    assert all("withdrawn on " in told for told in _told(person))


def test_a_block_stops_what_was_given_and_its_end_lifts_it(person: Person) -> None:
    person.say_yes("news")
    person.leave(kind=Kind.BLOCKED)
    assert _valid(person) == {"news": False}
    assert "mailing was blocked" in _told(person)[0]
    ledger.append(NewEntry(person.id, Kind.RESTORED, None, None, "page", "subscriber"))
    db.session.commit()
    assert _valid(person) == {"news": True}


def test_an_undo_is_a_consent_again(person: Person) -> None:
    person.say_yes("news")
    person.one_click("news")
    assert person.undo("news")
    assert _valid(person) == {"news": True}
    assert "taken up again" in _told(person)[0]
