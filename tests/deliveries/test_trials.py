"""Test mails: marked, to the address typed, counted by no report, held against a no."""

import email
import re
from base64 import b64decode
from dataclasses import replace
from datetime import timedelta
from email.header import decode_header, make_header
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid, NotReady
from mailing.base.settings import Settings
from mailing.campaigns import campaigns
from mailing.deliveries import trials, trying
from mailing.deliveries.deliveries import Delivery
from mailing.deliveries.letters import Letters
from mailing.deliveries.trying import Wish
from mailing.leaving import links
from mailing.people import ledger, subscribers, suppression, topics
from mailing.people.canonical import canonical
from mailing.people.ledger import Kind, NewEntry
from mailing.people.subscribers import digest_of
from mailing.people.suppression import Why
from tests import road
from tests.deliveries.conftest import Begin, Sender

ME = "marketer@staff.example"


def tried(*addresses: str, sample: str = "usual") -> list[UUID]:
    """Test mails of the newest draft."""
    draft = campaigns.by_state()[0]
    sent = trying.send(draft, Wish("kk", sample, list(addresses)), road.ACTOR)
    db.session.commit()
    return sent


def draft() -> int:
    road.lay()
    return road.campaign()


def written(sender: Sender, settings: Settings) -> list[email.message.Message]:
    """Every due message as its octets say it."""
    letters = Letters(settings)
    return [
        email.message_from_bytes(letters.write(one).message) for one in sender.ask(sender.claim())
    ]


def test_a_test_says_so_and_its_links_unsubscribe_nobody(
    sender: Sender, settings: Settings
) -> None:
    draft()
    tried(ME)
    [message] = written(sender, settings)
    assert str(make_header(decode_header(message["Subject"]))) == "[Test] Қараша жаңалықтары"
    assert message["To"] == ME
    token = re.search(r"/u/([^>]+)>", message["List-Unsubscribe"])
    assert token
    assert links.is_preview(token[1])
    text_part = next(
        b64decode(str(p.get_payload())).decode()
        for p in message.walk()
        if p.get_content_subtype() == "plain"
    )
    assert "Айгүл" in text_part
    assert f"/u/{token[1]}" in text_part
    assert "ешкімнің жазылымын тоқтатпайды" in text_part


def test_each_test_goes_to_the_address_of_its_own_row_and_to_no_other(
    sender: Sender, settings: Settings
) -> None:
    """T50: personalised mails that all went to one address."""
    draft()
    wanted = [f"staff{number}@example.com" for number in range(5)]
    tried(*wanted)
    claims = sender.claim()
    passed = sender.ask(claims)
    letters = Letters(settings)
    for one in passed:
        message = email.message_from_bytes(letters.write(one).message)
        assert message["To"] == one.permit.recipient
        assert one.permit.kind == "test"
    assert sorted(one.permit.recipient for one in passed) == wanted


def test_no_report_of_the_campaign_counts_a_test(sender: Sender) -> None:
    policy = road.lay()
    road.subscribe(policy, 3)
    number = road.campaign()
    tried(ME)
    assert road.start(number) == 3
    road.write_out()
    assert road.outcomes(number)["pending"] == 3
    assert [one.state for one in trials.of(number)] == ["pending"]


def test_what_it_says_is_fixed_when_it_is_sent(sender: Sender, settings: Settings) -> None:
    number = draft()
    tried(ME)
    found = campaigns.find(number)
    campaigns.edit(found, replace(found.content_in("kk"), subject="Басқа"), road.ACTOR)
    db.session.commit()
    [one] = sender.ask(sender.claim())
    first = Letters(settings).write(one)
    assert first == Letters(settings).write(one)
    subject = email.message_from_bytes(first.message)["Subject"]
    assert "Қараша" in str(make_header(decode_header(subject)))


@pytest.mark.parametrize(
    ("reason", "held"),
    [
        (Why.WITHDRAWN, "withdrawn"),
        (Why.DESTROYED, "withdrawn"),
        (Why.COMPLAINT, "suppressed_complaint"),
        (Why.BOUNCE, "suppressed_bounce"),
        (Why.STAFF, "suppressed_staff"),
        (Why.MOVED, "suppressed_moved"),
    ],
)
def test_a_suppressed_address_gets_no_test(sender: Sender, reason: Why, held: str) -> None:
    draft()
    suppression.suppress(digest_of(canonical(ME)), reason)
    [sent] = tried(ME)
    assert sender.ask(sender.claim()) == []
    assert sender.row(sent)["reason"] == held


@pytest.mark.parametrize(
    ("kind", "held"), [(Kind.UNSUBSCRIBED, "unsubscribed"), (Kind.WITHDRAWN, "withdrawn")]
)
def test_whoever_said_no_to_the_topic_gets_no_test(sender: Sender, kind: Kind, held: str) -> None:
    policy = road.lay()
    [person] = road.subscribe(policy, 1)
    road.campaign()
    topic = topics.find("news").id if kind is Kind.UNSUBSCRIBED else None
    ledger.append(NewEntry(person, kind, topic, policy.id, "staff", "test"))
    [sent] = tried(road.address(0))
    assert sender.ask(sender.claim()) == []
    assert sender.row(sent)["reason"] == held


def test_a_blocked_address_gets_no_test(sender: Sender) -> None:
    road.subscribe(road.lay(), 1)
    road.campaign()
    db.session.execute(text("UPDATE subscribers SET blocked_at = now()"))
    [sent] = tried(road.address(0))
    assert sender.ask(sender.claim()) == []
    assert sender.row(sent)["reason"] == "blocked"


def test_a_no_that_commits_while_the_gate_waits_is_seen(sender: Sender, begin: Begin) -> None:
    """Bound to the person that the address is of, a test is ordered against their no."""
    [person] = road.subscribe(road.lay(), 1)
    road.campaign()
    [sent] = tried(road.address(0))
    claims = sender.claim()
    assert claims[0].subscriber_id == person
    ledger.append(
        NewEntry(person, Kind.UNSUBSCRIBED, topics.find("news").id, None, "staff", "test")
    )
    asked = begin(lambda: sender.ask(claims))
    db.session.commit()
    assert asked.answer() == []
    assert sender.row(sent)["reason"] == "unsubscribed"


def test_leaving_holds_a_test_that_still_waits(sender: Sender) -> None:
    [person] = road.subscribe(road.lay(), 1)
    road.campaign()
    [sent] = tried(road.address(0))
    links.by_token(road.leave_token(person), 0)
    assert sender.row(sent)["state"] == "held"


@pytest.mark.parametrize("typed", [[], [" "], ["nobody"], [f"a{n}@example.com" for n in range(6)]])
def test_strange_addresses_and_too_many_of_them_are_refused(app: Flask, typed: list[str]) -> None:
    draft()
    with pytest.raises(Invalid) as refused:
        tried(*typed)
    assert refused.value.field == "to"
    assert db.session.scalars(select(Delivery)).all() == []


def test_one_address_typed_twice_gets_one_test(app: Flask) -> None:
    draft()
    assert len(tried(ME, ME.upper(), f" {ME} ")) == 1


def test_the_day_has_an_end_and_the_next_one_begins(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft()
    monkeypatch.setattr(trials, "MOST_A_DAY", 2)
    tried(ME, f"x{ME}")
    with pytest.raises(Conflict, match="within 24 hours"):
        tried(ME)
    db.session.rollback()
    tomorrow = clock.now() + timedelta(hours=25)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    assert len(tried(ME)) == 1


def test_nothing_is_tested_before_the_operator_is_named(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft()
    monkeypatch.setitem(
        app.extensions, "kelisim", settings.model_copy(update={"operator_name": ""})
    )
    with pytest.raises(NotReady):
        tried(ME)


def test_a_stranger_s_address_makes_nobody_a_subscriber(sender: Sender) -> None:
    draft()
    tried(ME)
    assert subscribers.find(canonical(ME)) is None
    assert len(sender.ask(sender.claim())) == 1
