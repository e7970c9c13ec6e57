"""Joining by letter: the way back for whoever the form may no longer ask."""

from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime

import pytest
from sqlalchemy import select, text

from mailing.base import clock
from mailing.base.database import db
from mailing.deliveries import confirmations
from mailing.inbound.reading import Kind, Trust
from mailing.people import evidence, ledger, subscribers, suppression, topics
from mailing.people.canonical import canonical
from mailing.people.ledger import Kind as Said
from mailing.people.ledger import NewEntry
from mailing.people.optins import OptIn
from mailing.people.suppression import Why
from mailing.policies.versions import PolicyVersion
from mailing.requests import incoming
from tests.person import Person, confirmations_of, days_pass, newest_request
from tests.requests.conftest import Asker
from tests.requests.post import Post, requests_now, sure

JOIN = "join@bounce.glazik.example"
NEWS = "join+news@bounce.glazik.example"


def withdrawn(person: Person) -> None:
    person.leave(kind=Said.WITHDRAWN)


def complained(person: Person) -> None:
    suppression.suppress(person.row.digest, Why.COMPLAINT)


def bounced(person: Person) -> None:
    suppression.suppress(person.row.digest, Why.BOUNCE)


def left(person: Person) -> None:
    person.leave()


@pytest.fixture
def person(person: Person) -> Person:
    """They said their yes some days ago."""
    days_pass(person.id)
    return person


@pytest.mark.parametrize("how", [withdrawn, complained, bounced])
def test_whoever_wrote_from_their_own_address_is_asked_and_may_say_yes(
    person: Person, post: Post, asker: Asker, how: Callable[[Person], None]
) -> None:
    left(person)
    how(person)
    db.session.commit()
    assert person.ask("news") == 0, "the form may not ask them"
    assert post.comes(Kind.JOIN, person.address, to=[NEWS], **sure()).action == "asked"
    (passed,) = asker.passed()
    assert (passed.permit.kind, passed.permit.recipient) == ("confirmation", person.address)
    assert person.confirm() == "confirmed"
    assert person.standing("news") == "given"
    assert suppression.reasons(person.row.digest) == {}


def test_before_the_button_nothing_is_taken_back(person: Person, post: Post) -> None:
    withdrawn(person)
    post.comes(Kind.JOIN, person.address, to=[NEWS], **sure())
    assert Why.WITHDRAWN in suppression.reasons(person.row.digest)
    assert person.said()[-1] == "requested news"


@pytest.mark.parametrize("trust", [Trust.UNKNOWN, Trust.FAILED])
def test_a_forged_sender_is_a_request_for_a_person_and_nothing_is_sent(
    person: Person, post: Post, trust: Trust
) -> None:
    withdrawn(person)
    before = len(confirmations_of(person.address))
    taken = post.comes(Kind.JOIN, person.address, to=[NEWS], trust=trust)
    assert (taken.action, len(confirmations_of(person.address))) == ("queued", before)
    assert requests_now() == [("join", person.id, "open")]


def test_a_stranger_s_form_still_asks_nobody_who_has_withdrawn(person: Person, post: Post) -> None:
    """An earlier letter opens no door for the form."""
    withdrawn(person)
    post.comes(Kind.JOIN, person.address, to=[NEWS], **sure())
    assert person.ask("offers") == 0


def test_staff_s_no_stands(person: Person, post: Post) -> None:
    suppression.suppress(person.row.digest, Why.STAFF)
    left(person)
    assert post.comes(Kind.JOIN, person.address, to=[NEWS], **sure()).action == "asked_enough"


def test_whoever_is_blocked_waits_for_a_person(person: Person, post: Post) -> None:
    post.comes(Kind.WITHDRAWAL, person.address)
    assert post.comes(Kind.JOIN, person.address, to=[NEWS], **sure()).action == "queued"


def test_somebody_new_becomes_known_only_by_a_confirmation(
    policy: PolicyVersion, post: Post, asker: Asker
) -> None:
    new = Person(policy, "new@example.com")
    taken = post.comes(Kind.JOIN, new.address, to=[NEWS], **sure())
    assert (taken.action, taken.subscriber) == ("asked", new.id)
    (passed,) = asker.passed()
    assert passed.permit.recipient == new.address
    assert new.standing("news") == "requested"


def test_a_destroyed_person_is_a_new_person(person: Person, post: Post) -> None:
    row, old = person.row, person.id
    ledger.append(NewEntry(old, Said.DESTROYED, None, None, "staff", "test"))
    suppression.suppress(row.digest, Why.DESTROYED)
    row.personal = None
    db.session.commit()
    assert post.comes(Kind.JOIN, person.address, to=[NEWS], **sure()).action == "asked"
    found = subscribers.find(canonical(person.address))
    assert found is not None
    assert found.id != old
    assert person.confirm() == "confirmed"
    assert suppression.reasons(found.digest) == {}


def test_the_address_names_the_topic_else_it_is_what_they_had(person: Person, post: Post) -> None:
    withdrawn(person)
    post.comes(Kind.JOIN, person.address, to=[JOIN], **sure())
    assert len(newest_request().topic_ids) == 2


def test_the_letter_is_the_evidence(person: Person, post: Post) -> None:
    withdrawn(person)
    post.comes(Kind.JOIN, person.address, to=[NEWS], **sure())
    person.confirm()
    given = ledger.last(person.id, topics.find("news").id, Said.GIVEN)
    assert given is not None
    body = evidence.body_of(given.evidence_hash)
    kept = db.session.execute(text("SELECT sha256 FROM inbound_messages")).scalar_one()
    assert body["letter"] == kept
    said = [e for e in ledger.history(person.id) if e.source == "mail"]
    assert {str(entry.kind) for entry in said} >= {"requested", "given"}


def test_whoever_has_everything_is_asked_nothing(person: Person, post: Post) -> None:
    assert post.comes(Kind.JOIN, person.address, to=[NEWS], **sure()).action == "subscribed_already"


def test_twice_a_day_and_no_more(person: Person, post: Post) -> None:
    withdrawn(person)
    dates = [{"Date": format_datetime(clock.now() - timedelta(hours=n))} for n in range(3)]
    letters = [post.write(Kind.JOIN, person.address, {"To": NEWS} | d, **sure()) for d in dates]
    done = [incoming.take(letter, [NEWS]).action for letter in letters]
    assert done[0] == "asked"
    assert done[-1] == "asked_enough"
    assert confirmations.may_be_asked(person.row) is False
    assert db.session.scalars(select(OptIn).where(OptIn.letter.is_not(None))).all()
