"""A request that nobody confirmed is forgotten after seven days."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Missing
from mailing.base.settings import current
from mailing.base.tokens import OptInToken, link_keys
from mailing.deliveries import confirmations
from mailing.leaving import links
from mailing.people import expiry, ledger, profile
from mailing.people.canonical import canonical
from mailing.people.imports import ImportFile, import_people
from mailing.people.optins import OptIn, Submission
from mailing.people.subscribers import Subscriber, digest_of
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


def cancel(optin: OptIn) -> str:
    """Leave by the one-click of the mail that asks; the link's token."""
    token = OptInToken(optin.id, optin.subscriber_id)
    text_ = token.text(link_keys(current().secret_keys), "cancel")
    assert links.by_token(text_, 1.0) is not None
    return text_


def kept(person: UUID) -> tuple[bool, str, bool]:
    """Whether the address is kept, its provider, and whether the digest still finds it."""
    db.session.expire_all()
    row = db.session.get_one(Subscriber, person)
    return row.personal is not None, row.provider, row.digest == digest_of(canonical(SOMEBODY))


def test_of_a_request_cancelled_by_its_mail_the_digest_alone_outlives_the_seven_days(
    app: Flask,
) -> None:
    """The mail says that the address is deleted; a "no" needs the keyed digest and no more."""
    policy = road.lay()
    optin = ask(policy)
    person, token = optin.subscriber_id, cancel(optin)
    expiry.forget_unconfirmed()
    assert kept(person) == (True, "example.com", True)
    after_a_week()
    assert kept(person) == (False, "", True)
    assert [entry.kind for entry in ledger.history(person)] == ["requested", "unsubscribed"]
    assert list(ledger.verify()) == []
    seen = links.look(token)
    assert seen is not None
    assert (seen.address, seen.is_subscribed, seen.ended) == ("", False, "")
    assert expiry.forget_unconfirmed() == 0, "twice is once"


def test_an_import_does_not_bring_back_whoever_is_known_by_the_digest_alone(
    app: Flask, tmp_path: Path
) -> None:
    """T20, T57: what is erased goes, and the "no" outlives it."""
    policy = road.lay()
    optin = ask(policy)
    cancel(optin)
    after_a_week()
    file = tmp_path / "people.csv"
    file.write_text(
        "email,consent_at,consent_form,consent_policy\n"
        f"{SOMEBODY},2025-01-01T00:00:00+05:00,site,{policy.id}\n"
    )
    for topic in ("news", "offers"):
        told = import_people(ImportFile(file, topic), road.ACTOR)
        db.session.commit()
        assert (told.rows, told.left_kept_out) == (1, 1), topic
    assert kept(optin.subscriber_id) == (False, "", True)


def test_whoever_cancelled_and_was_forgotten_may_ask_again_by_the_form(app: Flask) -> None:
    policy = road.lay()
    first = ask(policy)
    cancel(first)
    after_a_week()
    later = clock.now() + timedelta(days=8)
    with clock.use(lambda: later):
        again = ask(policy)
        assert again.subscriber_id == first.subscriber_id
        assert kept(again.subscriber_id) == (True, "example.com", True)
        token = OptInToken(again.id, again.subscriber_id)
        confirmations.confirm(token.text(link_keys(current().secret_keys), "confirm"))
        db.session.commit()
    assert profile.show(SOMEBODY)["topics"]["news"] == "given"


def test_whoever_once_said_yes_is_kept_after_they_cancel_something_else(app: Flask) -> None:
    policy = road.lay()
    first = ask(policy)
    token = OptInToken(first.id, first.subscriber_id)
    confirmations.confirm(token.text(link_keys(current().secret_keys), "confirm"))
    db.session.commit()
    cancel(ask(policy, "offers"))
    after_a_week()
    assert kept(first.subscriber_id)[0]


def test_whoever_comes_back_after_that_is_a_new_person(app: Flask) -> None:
    policy = road.lay()
    person = ask(policy).subscriber_id
    after_a_week()
    later = clock.now() + timedelta(days=8)
    with clock.use(lambda: later):
        assert ask(policy).subscriber_id != person
