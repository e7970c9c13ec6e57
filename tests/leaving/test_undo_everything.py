"""Stopping everything can be taken back for a day, as entries of its own; a withdrawal cannot."""

from datetime import timedelta

import pytest

from mailing.base import clock
from mailing.base.database import db
from mailing.leaving import links, preference_view, preferences
from mailing.people import ledger, suppression
from mailing.people.suppression import Why
from tests.person import Person


@pytest.fixture
def person(person: Person) -> Person:
    """Somebody who gets `news` and left `offers` before."""
    person.one_click("offers")
    return person


def standings_of(person: Person) -> dict[str, str]:
    return {slug: person.standing(slug) for slug in ("news", "offers", "notices")}


def test_it_brings_back_what_was_on_and_nothing_that_was_left_before(person: Person) -> None:
    links.undo_stop(person.link())
    before = preference_view.look(person.link())
    preferences.stop(person.link())
    assert standings_of(person) == dict.fromkeys(("news", "offers", "notices"), "unsubscribed")
    assert links.undo_stop(person.link())
    assert person.standing("offers") == "unsubscribed"
    after = preference_view.look(person.link())
    assert before is not None
    assert after is not None
    assert [(r.slug, r.is_on) for r in after.rows] == [(r.slug, r.is_on) for r in before.rows]
    assert person.said()[-2:] in (
        ["restored news", "restored notices"],
        ["restored notices", "restored news"],
    )
    assert list(ledger.verify()) == []


def test_it_works_once_and_for_a_day(person: Person) -> None:
    assert not links.undo_stop(person.link())
    preferences.stop(person.link())
    view = preference_view.look(person.link())
    assert view is not None
    assert view.undo_until is not None
    day = clock.now() + timedelta(hours=24, seconds=1)
    with clock.use(lambda: day):
        assert not links.undo_stop(person.link())
    assert [links.undo_stop(person.link()) for _ in range(2)] == [True, False]


def test_a_withdrawal_has_no_way_back_here(person: Person) -> None:
    preferences.stop(person.link())
    preferences.withdraw(person.link())
    assert not links.undo_stop(person.link())
    view = links.look(person.link())
    assert view is not None
    assert (view.ended, view.can_undo) == ("withdrawn", False)


def test_a_suppression_in_between_takes_the_way_back(person: Person) -> None:
    preferences.stop(person.link())
    suppression.suppress(person.row.digest, Why.COMPLAINT)
    db.session.commit()
    assert not links.undo_stop(person.link())


def test_what_staff_ended_the_link_does_not_take_back(person: Person) -> None:
    person.leave()
    assert not links.undo_stop(person.link())


def test_the_link_to_leave_says_that_everything_has_ended_and_not_one_topic(
    person: Person,
) -> None:
    view = links.look(person.link())
    assert view is not None
    assert view.ended == ""
    preferences.stop(person.link())
    view = links.look(person.link())
    assert view is not None
    assert (view.ended, view.can_undo_stop) == ("stopped", True)
    day = clock.now() + timedelta(hours=24, seconds=1)
    with clock.use(lambda: day):
        later = links.look(person.link())
    assert later is not None
    assert (later.ended, later.can_undo_stop) == ("stopped", False)
    assert links.undo_stop(person.link())
    view = links.look(person.link())
    assert view is not None
    assert view.ended == ""
