"""A request that nobody confirmed is forgotten after seven days."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Missing
from mailing.base.settings import current
from mailing.base.tokens import OptInToken, link_keys
from mailing.deliveries import confirmations
from mailing.people import expiry, ledger, profile
from mailing.people.optins import OptIn, Submission
from mailing.policies.versions import PolicyVersion
from tests import road

SOMEBODY = "aigul@example.com"


def ask(policy: PolicyVersion, topic: str = "news") -> OptIn:
    fields = {"given_name": "Айгүл"}
    page = "http://glazik.example/"
    confirmations.submit(Submission("site", SOMEBODY, (topic,), "kk", policy.id, page, fields))
    db.session.commit()
    return db.session.query(OptIn).order_by(OptIn.created_at.desc()).first() or pytest.fail("none")


def after_a_week() -> None:
    later = clock.now() + timedelta(days=7, seconds=1)
    with clock.use(lambda: later):
        expiry.forget_unconfirmed()
        db.session.commit()


def test_somebody_who_only_asked_is_forgotten_whole(app: Flask) -> None:
    optin = ask(road.lay())
    person = optin.subscriber_id
    expiry.forget_unconfirmed()
    assert profile.show(SOMEBODY)["topics"] == {"news": "requested"}
    after_a_week()
    with pytest.raises(Missing):
        profile.show(SOMEBODY)
    row = db.session.execute(text("SELECT personal, provider FROM subscribers")).one()
    assert tuple(row) == (None, "")
    assert db.session.get_one(OptIn, optin.id, populate_existing=True).personal is None
    assert [entry.kind for entry in ledger.history(person)] == ["requested", "destroyed"]
    assert list(ledger.verify()) == []


def test_what_stood_behind_the_request_goes_too(app: Flask) -> None:
    """The network address and the program, where the policy declares that they are kept."""
    policy = road.lay()
    more = "UPDATE policy_versions SET fields = fields || '{network_address,user_agent}'"
    db.session.execute(text(more))
    db.session.commit()
    db.session.expire_all()
    page = "http://glazik.example/"
    asked = Submission("site", SOMEBODY, ("news",), "kk", policy.id, page, {})
    confirmations.submit(replace(asked, network_address="192.0.2.7", user_agent="Lynx/2.9"))
    db.session.commit()
    count = "SELECT count(*) FROM evidence_private"
    assert db.session.scalar(text(count)) == 1
    after_a_week()
    assert db.session.scalar(text(count)) == 0
    assert list(ledger.verify()) == []


def test_somebody_who_has_said_yes_to_something_else_stays(app: Flask) -> None:
    policy = road.lay()
    first = ask(policy)
    token = OptInToken(first.id, first.subscriber_id)
    confirmations.confirm(token.text(link_keys(current().secret_keys), "confirm"))
    ask(policy, "offers")
    after_a_week()
    assert profile.show(SOMEBODY)["topics"]["news"] == "given"


def test_somebody_who_has_said_no_stays_refused(app: Flask) -> None:
    policy = road.lay()
    first = ask(policy)
    person, news = first.subscriber_id, first.topic_ids[0]
    no = ledger.NewEntry(person, ledger.Kind.UNSUBSCRIBED, news, None, "page", "subscriber")
    ledger.append(no)
    db.session.commit()
    after_a_week()
    assert profile.show(SOMEBODY)["topics"] == {"news": "unsubscribed"}


def test_whoever_comes_back_after_that_is_a_new_person(app: Flask) -> None:
    policy = road.lay()
    person = ask(policy).subscriber_id
    after_a_week()
    later = clock.now() + timedelta(days=8)
    with clock.use(lambda: later):
        assert ask(policy).subscriber_id != person
