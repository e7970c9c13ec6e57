"""After a change of address: found by the address before, and told in the order of time."""

from datetime import timedelta

import pytest

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Missing
from mailing.leaving import preference_view
from mailing.people import profile, subscribers
from mailing.people.canonical import canonical
from mailing.people.ledger import Kind
from mailing.requests import moving, rectify
from tests.person import Person
from tests.requests.conftest import end_token, fresh_token, settle

NEW = "aigul.new@example.org"


@pytest.fixture
def moved(person: Person) -> Person:
    """Somebody who put a name right and then moved."""
    token = fresh_token(person)
    settle()
    rectify.correct(token, {"surname": "Серікова"})
    moving.ask(token, NEW)
    db.session.commit()
    for end in ("old", "new"):
        moving.agree(end_token(end, person))
        db.session.commit()
    return Person(person.policy, NEW)


def test_an_officer_finds_somebody_by_the_address_before_and_is_told_so(
    person: Person, moved: Person
) -> None:
    told = profile.show(person.address)
    assert (told["subscriber"], told["now_at_another_address"]) == (str(moved.id), True)
    assert not profile.show(NEW)["now_at_another_address"]
    assert profile.evidence_of(person.address) == profile.evidence_of(NEW)


def test_nobody_is_unsubscribed_by_an_address_that_is_theirs_no_longer(
    person: Person, moved: Person
) -> None:
    with pytest.raises(Missing):
        profile.of_address(person.address)


def test_whoever_is_at_the_address_now_is_the_one_who_is_found(
    person: Person, moved: Person
) -> None:
    subscribers.create(canonical(person.address), "kk")
    db.session.commit()
    told = profile.show(person.address)
    assert told["subscriber"] != str(moved.id)
    assert not told["now_at_another_address"]


def test_evidence_tells_corrections_and_moves_between_what_was_said(moved: Person) -> None:
    before = clock.now()
    later = before + timedelta(minutes=1)
    with clock.use(lambda: later):
        moved.leave(kind=Kind.UNSUBSCRIBED)
    told = profile.evidence_of(NEW)
    kinds = [one["kind"] for one in told]
    assert kinds[-3:] == ["corrected", "moved", "unsubscribed"]
    assert told[-3]["private"]["after"] == {"surname": "Серікова"}
    assert set(told[-2]["evidence"]) == {"change", "old_agreed_at", "new_agreed_at"}
    assert [one["kind"] for one in profile.evidence_of(NEW, before)] == kinds[:-1]
    assert "@" not in str([one["evidence"] for one in told])


def test_the_own_history_tells_them_too_newest_first(moved: Person) -> None:
    view = preference_view.look(moved.link())
    assert view is not None
    assert [(one.kind, one.value) for one in view.history[:2]] == [
        ("moved", ""),
        ("corrected", "surname"),
    ]
