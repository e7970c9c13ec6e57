"""One person as an officer sees them, in the words of the contract."""

from datetime import timedelta

import pytest
from flask import Flask

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Invalid, Missing
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people import profile, standings, subscribers, suppression, topics
from mailing.people.canonical import canonical
from mailing.people.ledger import Kind
from mailing.people.suppression import Why
from tests import road
from tests.person import Person


@pytest.fixture
def person(app: Flask) -> Person:
    return Person(road.lay())


def test_it_has_the_fields_of_the_contract(person: Person) -> None:
    person.say_yes("news", "offers")
    person.one_click("offers")
    told = profile.show(person.address)
    assert told["subscriber"] == str(person.id)
    assert (told["language"], told["paused_until"]) == ("kk", None)
    assert told["topics"] == {"news": "given", "offers": "unsubscribed"}
    assert (told["suppressed"], told["blocked"], told["quarantined"]) == (False, False, False)


def test_a_block_a_suppression_and_quarantine_are_shown(person: Person) -> None:
    row = subscribers.create(canonical(person.address), "kk")
    standings.quarantine(row.id, topics.find("news").id, clock.now())
    suppression.suppress(row.digest, Why.STAFF)
    db.session.commit()
    person.leave(kind=Kind.BLOCKED)
    told = profile.show(person.address)
    assert (told["suppressed"], told["blocked"], told["quarantined"]) == (True, True, True)
    assert told["suppressed_for"] == ["staff"]


@pytest.mark.parametrize("look", [profile.show, profile.evidence_of])
def test_an_unknown_address_is_missing_and_a_broken_one_invalid(
    person: Person, look: object
) -> None:
    assert callable(look)
    with pytest.raises(Missing):
        look("nobody@example.com")
    with pytest.raises(Invalid):
        look("nobody")


def test_the_evidence_as_of_a_time_ends_there(person: Person) -> None:
    person.say_yes("news")
    between = clock.now()
    later = between + timedelta(seconds=1)
    with clock.use(lambda: later):
        person.one_click("news")
    now, then = profile.evidence_of(person.address), profile.evidence_of(person.address, between)
    assert [told["kind"] for told in now] == ["requested", "given", "unsubscribed"]
    assert now[:2] == then
    assert [told["seq"] for told in now] == [1, 2, 3]


def test_a_reason_given_to_staff_is_told_to_the_officer_and_stands_nowhere_in_clear(
    person: Person,
) -> None:
    person.say_yes("news")
    reason = "Called from +7 701 555 55 55"
    leave(Leaving(person.id, Scope.everything(), Kind.WITHDRAWN, "staff", "duty", reason, 0))
    last = profile.evidence_of(person.address)[-1]
    assert (last["private"], last["actor"], last["topic"]) == ({"reason": reason}, "duty", "all")
    assert "+7 701" not in str(last["evidence"])
