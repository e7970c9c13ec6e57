"""The second mail, asked for by the address alone; and the limit for one provider."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Invalid, Missing
from mailing.deliveries import confirmations
from mailing.deliveries.confirmations import Again
from mailing.people import forms, ledger, subscribers, suppression, topics
from mailing.people.canonical import canonical
from mailing.people.ledger import Kind
from mailing.people.optins import Submission
from mailing.people.suppression import Why
from mailing.people.topics import Frequency, Promise
from mailing.policies.versions import PolicyVersion
from tests import road
from tests.deliveries.test_confirmations import _statements
from tests.person import Person, confirmations_of, newest_request, token_of


@pytest.fixture
def policy(app: Flask) -> PolicyVersion:
    return road.lay()


@pytest.fixture
def person(policy: PolicyVersion) -> Person:
    return Person(policy, fields={"given_name": "Айгүл"})


def again(address: str = "aigul@example.com", **how: bool) -> int:
    """Ask for the second mail; how many that added."""
    before = len(confirmations_of(address))
    confirmations.resend(Again("site", address, "ru", **how))
    db.session.commit()
    return len(confirmations_of(address)) - before


def after(**time: float) -> Callable[[], datetime]:
    later = clock.now() + timedelta(**time)
    return lambda: later


def _rows(table: str) -> int:
    return int(db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608


def test_it_comes_a_minute_later_once_that_day(person: Person) -> None:
    assert person.ask("news", "offers") == 1
    assert again() == 0
    with clock.use(after(seconds=61)):
        assert again() == 1
    with clock.use(after(seconds=130)):
        assert again() == 0
        assert person.ask("news") == 0


def test_it_asks_the_same_question_with_the_words_of_then(person: Person) -> None:
    person.ask("news", language="kk")
    first = newest_request()
    wordings, version = dict(first.wordings), first.form_version
    topics.rename(topics.find("news"), {"kk": "Басқа"})
    topics.describe(topics.find("news"), Promise({}, Frequency.DAILY))
    forms.add("site", ["http://glazik.example"], ["offers", "news"])
    db.session.commit()
    with clock.use(after(seconds=61)):
        assert again() == 1
    second = newest_request()
    assert second.id != first.id
    assert (second.wordings, second.form_version, second.language) == (wordings, version, "kk")
    assert second.typed() == {"given_name": "Айгүл"}
    assert person.confirm(second) == "confirmed"
    assert list(ledger.verify()) == []


@pytest.mark.parametrize("state", ["unknown", "confirmed", "cancelled", "expired"])
def test_whoever_waits_for_no_answer_gets_none(person: Person, state: str) -> None:
    if state != "unknown":
        person.ask("news")
    if state == "confirmed":
        person.confirm()
    elif state == "cancelled":
        person.leave()
    with clock.use(after(days=7, seconds=1) if state == "expired" else after(minutes=2)):
        assert again() == 0


def test_an_address_that_asked_nothing_leaves_no_row(policy: PolicyVersion) -> None:
    assert again("stranger@example.com") == 0
    assert [_rows(table) for table in ("subscribers", "optins", "ledger")] == [0, 0, 0]


def test_a_trap_that_was_stepped_into_sends_nothing_and_keeps_nothing(person: Person) -> None:
    assert person.ask("news", is_trapped=True) == 0
    assert [_rows(table) for table in ("subscribers", "optins", "ledger", "deliveries")] == [0] * 4
    assert person.ask("news") == 1
    with clock.use(after(seconds=61)):
        assert again(is_trapped=True) == 0
        assert again() == 1


def test_a_suppressed_address_leaves_no_row_behind(person: Person) -> None:
    """Somebody destroyed is not made anew by a stranger with a form."""
    person.ask("news")
    row = person.row
    suppression.suppress(row.digest, Why.DESTROYED)
    db.session.execute(text("UPDATE subscribers SET digest = '\\x00', personal = NULL"))
    db.session.commit()
    confirmations.resend(Again("site", person.address, "kk"))
    assert person.policy_id
    confirmations.submit(_submission(person))
    db.session.commit()
    assert _rows("subscribers") == 1


def _submission(person: Person) -> Submission:
    return Submission(
        "site", person.address, ("news",), "kk", person.policy_id, "http://glazik.example/"
    )


@pytest.mark.parametrize("state", ["asked", "confirmed", "left", "withdrawn", "blocked", "bounced"])
def test_the_work_done_for_it_tells_nobody_who_is_known(person: Person, state: str) -> None:
    """Answers or timing that reveal who is subscribed: the same statements are run for all."""
    person.ask("news")
    if state != "asked":
        person.confirm()
    if state == "left":
        person.one_click()
    elif state == "bounced":
        suppression.suppress(person.row.digest, Why.BOUNCE)
        db.session.commit()
    elif state in ("withdrawn", "blocked"):
        person.leave(kind=Kind(state))
    with clock.use(after(minutes=2)):
        known = _statements(lambda: again())
        unknown = _statements(lambda: again("stranger@example.com"))
    # What a request is kept for one topic more or less is the form's matter, not the person's.
    assert sum(unknown.values()) > 20
    assert (known - unknown, unknown - known) == (Counter(), Counter())


@pytest.mark.parametrize("wrong", ["", "nobody", "a@b", "x" * 5000, "a\0@example.com"])
def test_what_is_no_address_is_refused(policy: PolicyVersion, wrong: str) -> None:
    with pytest.raises(Invalid):
        confirmations.resend(Again("site", wrong, "kk"))
    with pytest.raises(Missing):
        confirmations.resend(Again("nowhere", "aigul@example.com", "kk"))


def test_no_more_than_so_many_an_hour_are_asked_at_one_provider(app: Flask) -> None:
    """Sign-up bombing of a whole company: counted in PostgreSQL, so Redis may be away."""
    _allow(app, 2)
    policy = road.lay()
    people = [Person(policy, f"person{number}@victim.example") for number in range(4)]
    assert [one.ask("news") for one in people] == [1, 1, 0, 0]
    assert Person(policy, "aigul@example.com").ask("news") == 1
    assert subscribers.find(canonical(people[3].address)) is None
    with clock.use(after(minutes=61)):
        assert people[3].ask("news") == 1


def test_a_limit_of_nought_is_none(app: Flask) -> None:
    _allow(app, 0)
    policy = road.lay()
    people = [Person(policy, f"person{number}@victim.example") for number in range(4)]
    assert [one.ask("news") for one in people] == [1, 1, 1, 1]


def _allow(app: Flask, hourly: int) -> None:
    own = app.extensions["kelisim"].model_copy(update={"join_domain_hourly": hourly})
    app.extensions["kelisim"] = own


def test_the_evidence_names_what_the_form_said_above_its_boxes(policy: PolicyVersion) -> None:
    """T55."""
    said = {"kk": {"heading": "Хаттар", "introduction": "Аптасына бір рет."}}
    forms.add("site", ["http://glazik.example"], ["news"], said)
    person = Person(policy)
    person.say_yes("news")
    told = confirmations.look(token_of(newest_request(), "confirm"))
    assert told is not None
    assert told.above == ["Хаттар", "Аптасына бір рет."]
    assert (told.form, told.form_version, told.is_subscribed) == ("site", 2, True)
    assert told.agreed_at is not None
