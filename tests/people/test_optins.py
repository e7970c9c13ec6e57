"""Opt-in requests: kept sealed, open for seven days, ended once."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from mailing.base import clock
from mailing.base.database import db
from mailing.people import optins, subscribers, topics
from mailing.people.canonical import canonical
from mailing.people.optins import LIFETIME, Asked, OptIn, State
from tests import road


@pytest.fixture
def optin(app: Flask) -> OptIn:
    policy = road.lay()
    person = subscribers.create(canonical("aigul@example.com"), "kk")
    both = [topics.find(slug).id for slug in ("offers", "news")]
    asked = Asked(
        subscriber_id=person.id,
        form_id=1,
        form_version=1,
        policy_id=policy.id,
        language="kk",
        page="http://glazik.example/",
        wordings={topic_id: f"{topic_id:064}" for topic_id in both},
        typed={"given_name": "Айгүл"},
    )
    return optins.open_request(asked)


def test_what_was_typed_is_sealed_to_this_request(optin: OptIn) -> None:
    assert optin.typed() == {"given_name": "Айгүл"}
    assert optin.personal is not None
    assert "Айгүл".encode() not in optin.personal


def test_it_expires_to_the_second(optin: OptIn) -> None:
    assert optin.expires_at - optin.created_at == LIFETIME == timedelta(days=7)
    for at, standing in (
        (optin.expires_at - timedelta(microseconds=1), "open"),
        (optin.expires_at, "expired"),
    ):
        with clock.use(lambda at=at: at):  # type: ignore[misc]
            assert optin.standing == standing


@pytest.mark.parametrize("state", [State.CONFIRMED, State.CANCELLED])
def test_an_ended_request_never_expires_and_keeps_nothing_typed(optin: OptIn, state: State) -> None:
    optins.close(optin, state)
    later = optin.expires_at + timedelta(days=1)
    with clock.use(lambda: later):
        assert (optin.standing, optin.typed()) == (state, {})


def test_the_evidence_of_one_topic_names_its_own_wording_and_no_person(optin: OptIn) -> None:
    for topic_id in optin.topic_ids:
        body = optin.evidence(topic_id)
        assert body["wording"] == f"{topic_id:064}"
        assert set(body) == {
            "form",
            "form_version",
            "page",
            "wording",
            "language",
            "policy",
            "optin",
        }


def test_it_is_found_as_the_database_has_it(optin: OptIn) -> None:
    db.session.flush()
    db.session.execute(text("UPDATE optins SET state = 'cancelled'"))
    found = optins.find(optin.id)
    assert found is not None
    assert found.state == "cancelled"


def test_the_database_knows_no_other_state_and_no_form_that_is_not(optin: OptIn) -> None:
    for change in ("state = 'maybe'", "form_version = 9"):
        db.session.flush()
        with pytest.raises(IntegrityError), db.session.begin_nested():
            db.session.execute(text(f"UPDATE optins SET {change}"))  # noqa: S608 - our own text
