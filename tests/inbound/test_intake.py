"""Intake: a message is stored first, sealed and once, and only then acted upon."""

from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select, text

from mailing.base.database import db
from mailing.base.errors import Unavailable
from mailing.base.sealing import keyring
from mailing.base.settings import current
from mailing.base.tokens import MailtoLeave, link_keys
from mailing.inbound import intake
from mailing.inbound.intake import InboundMessage, take
from mailing.leaving import replay
from mailing.people import topics
from tests import road
from tests.person import Person, at_once

RAW = b"From: aigul@example.com\r\nTo: x\r\nSubject: unsubscribe\r\n\r\n\r\n"


@pytest.fixture
def person(app: Flask) -> Person:
    somebody = Person(road.lay())
    somebody.say_yes("news", "offers")
    replay.run()
    return somebody


def way_out(person: Person, topic: str = "news") -> str:
    """The `mailto:` address of a topic's messages."""
    token = MailtoLeave(person.id, topics.find(topic).id)
    return token.address(link_keys(current().secret_keys), "bounce.glazik.example")


def test_a_letter_to_the_way_out_leaves_its_topic_alone(person: Person) -> None:
    """RFC 2369 3.2: the address alone is enough."""
    taken = take(RAW, [way_out(person)])
    assert (taken.kind, taken.action, taken.is_new) == ("unsubscribe", "left", True)
    assert (person.standing("news"), person.standing("offers")) == ("unsubscribed", "given")
    assert person.said()[-1] == "unsubscribed news"


def test_mail_systems_may_shout(person: Person) -> None:
    assert take(RAW, [way_out(person).upper()]).action == "left"


def test_the_same_letter_again_changes_nothing(person: Person) -> None:
    address = way_out(person)
    take(RAW, [address])
    assert person.undo("news")
    again = take(RAW, [address])
    assert (again.action, again.is_new) == ("left", False)
    assert person.standing("news") == "given"


def test_one_letter_to_two_ways_out_leaves_both(person: Person) -> None:
    take(RAW, [way_out(person, "news"), way_out(person, "offers")])
    assert (person.standing("news"), person.standing("offers")) == ("unsubscribed",) * 2


@pytest.mark.parametrize("first", ["helpdesk@glazik.example", "offers"])
def test_the_copies_of_one_letter_are_each_acted_upon(person: Person, first: str) -> None:
    """A mail system hands over one copy for each address: the same octets every time."""
    take(RAW, [way_out(person, "offers") if first == "offers" else first])
    assert take(RAW, [way_out(person, "news")]).action == "left"
    assert person.standing("news") == "unsubscribed"


@pytest.mark.parametrize(
    "address",
    [
        "helpdesk@glazik.example",
        "unsubscribe@bounce.glazik.example",
        "unsubscribe+@bounce.glazik.example",
        "unsubscribe+aaaa@bounce.glazik.example",
        "bounce+aaaa@bounce.glazik.example",
        "",
        "@",
    ],
)
def test_everything_else_is_kept_for_a_person_to_read(person: Person, address: str) -> None:
    before = person.said()
    taken = take(RAW, [address])
    assert (taken.kind, taken.action) == ("unclear", "kept")
    assert person.said() == before


def test_a_forged_way_out_leaves_nobody(person: Person) -> None:
    address = way_out(person)
    name, _, domain = address.partition("@")
    forged = f"{name[:-1]}{'a' if name[-1] != 'a' else 'b'}@{domain}"
    assert take(RAW, [forged]).kind == "unclear"
    assert person.standing("news") == "given"


def test_what_came_is_sealed(person: Person) -> None:
    take(RAW, ["helpdesk@glazik.example"])
    (kept,) = db.session.scalars(select(InboundMessage))
    assert b"aigul" not in kept.sealed
    assert RAW not in kept.sealed
    opened = keyring(current().data_key).decrypt(kept.sealed, bytes.fromhex(kept.sha256))
    assert opened == RAW


def test_a_letter_that_could_not_be_acted_upon_is_acted_upon_when_it_comes_again(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = way_out(person)
    journal = current().journal / "withdrawals.jsonl"
    whole = journal.read_bytes()
    journal.unlink()
    with pytest.raises(Unavailable):
        take(RAW, [address])
    db.session.rollback()
    journal.write_bytes(whole)
    again = take(RAW, [address])
    assert (again.action, again.is_new) == ("left", False)
    assert person.said().count("unsubscribed news") == 1


def test_the_same_letter_twice_at_once_is_one_leaving(app: Flask, person: Person) -> None:
    address = way_out(person)
    taken = at_once(app, *[lambda: take(RAW, [address])] * 4)
    assert [one.action for one in taken] == ["left"] * 4
    assert sum(one.is_new for one in taken) == 1
    assert person.said().count("unsubscribed news") == 1


def test_a_way_out_of_somebody_who_is_gone_is_no_fault(person: Person) -> None:
    token = MailtoLeave(uuid4(), topics.find("news").id)
    address = token.address(link_keys(current().secret_keys), "bounce.glazik.example")
    assert take(RAW, [address]).action == "left"


@pytest.mark.parametrize(
    ("address", "is_ours"),
    [
        ("helpdesk@glazik.example", True),
        ("HELPDESK@Glazik.Example", True),
        ("unsubscribe+abc@bounce.glazik.example", True),
        ("bounce+abc@BOUNCE.glazik.example", True),
        ("postmaster@bounce.glazik.example", True),
        ("helpdesk@other.example", False),
        ("unsubscribe+abc@glazik.example", False),
        ("someone@bounce.glazik.example", False),
        ("", False),
    ],
)
def test_mail_for_others_is_not_taken_in(app: Flask, address: str, is_ours: bool) -> None:
    assert intake.is_ours(address) == is_ours


def test_nothing_of_a_letter_stands_in_clear(person: Person) -> None:
    take(RAW, ["helpdesk@glazik.example"])
    row = db.session.execute(text("SELECT * FROM inbound_messages")).one()
    assert "example.com" not in str(row)
