"""A request asked under one policy version and confirmed while another is in force (T55)."""

from datetime import date, timedelta

import pytest
from flask import Flask

from mailing.base import clock
from mailing.base.database import db
from mailing.base.languages import speaking
from mailing.base.settings import current
from mailing.campaigns import audience
from mailing.people import coverage, profile, standings, topics
from mailing.policies import versions
from mailing.policies.versions import NewText, PolicyVersion
from tests import road
from tests.person import Person, newest_request, token_of
from webapp.app import create_app


@pytest.fixture
def person(app: Flask) -> Person:
    return Person(road.lay())


def publish(label: str = "next", **more: object) -> PolicyVersion:
    """A further version, in force from yesterday on, published now."""
    yesterday = clock.today("Asia/Almaty") - timedelta(days=1)
    new = NewText("kk", yesterday, label, material=True, **more)  # type: ignore[arg-type]
    kept = versions.import_text(label.encode(), new)
    policy = versions.publish(versions.find(kept.policy_id))
    db.session.commit()
    return policy


def given(person: Person) -> dict[str, object]:
    with speaking("en"):
        return next(one for one in profile.evidence_of(person.address) if one["kind"] == "given")


def test_the_evidence_says_which_version_was_shown_when_and_which_was_in_force(
    person: Person,
) -> None:
    first = person.policy.label
    person.ask("news")
    later = publish()
    assert person.confirm() == "confirmed"
    entry = given(person)
    told = entry["overtaken"]
    assert isinstance(told, dict)
    assert told["shown"] == first
    assert told["in_force"] == later.label
    assert told["since"] == clock.today("Asia/Almaty"), "not before anybody could read it"
    assert told["sentence"].startswith(f"Agreed to version {first}, shown on ")
    assert "while version next had been in force since " in told["sentence"]
    policy = entry["policy"]
    assert isinstance(policy, dict)
    assert policy["label"] == first


def test_of_a_yes_to_the_version_in_force_nothing_of_the_kind_is_said(person: Person) -> None:
    person.say_yes("news")
    publish()
    assert given(person)["overtaken"] is None, "it came before that version"


def test_a_version_that_was_published_later_was_not_in_force_then(person: Person) -> None:
    person.say_yes("news")
    kept = versions.import_text(b"back-dated", NewText("kk", date(2025, 1, 1), label="back-dated"))
    later = clock.now() + timedelta(days=3)
    with clock.use(lambda: later):
        versions.publish(versions.find(kept.policy_id))
        db.session.commit()
        assert given(person)["overtaken"] is None


def test_it_covers_what_was_shown_and_its_person_is_told_of_the_new_version(
    person: Person,
) -> None:
    person.ask("news")
    later = publish(purposes=("products_services", "partner_offers"), operator="Glazik")
    assert person.confirm() == "confirmed"
    row = standings.of(person.id)[topics.find("news").id]
    assert row.policy_id == person.policy_id
    counted = coverage.of(later)
    assert (counted.people, counted.agreed, counted.not_covered) == (1, 0, 1)
    told = audience.of_a_notice()
    assert (told.considered, told.will_receive) == (1, 1)


def test_the_page_of_the_request_says_that_a_new_version_has_taken_effect(
    person: Person,
) -> None:
    person.ask("news")
    link = f"/confirm/{token_of(newest_request(), 'confirm')}"
    later = publish()
    web = create_app(current())
    try:
        client = web.test_client()
        for page in (client.get(f"{link}?lang=en").text, client.post(f"{link}?lang=en").text):
            assert f"You agree to version {person.policy.label}, which was shown to you." in page
            assert f'href="/policy/{later.id}?lang=en&amp;compare={person.policy_id}"' in page
    finally:
        with web.app_context():
            db.engine.dispose()
