"""Incoming: stored first, sealed and once; acted upon once, whatever dies in between.

A-P6; T59 (automatic mail is no wish), T23.
"""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid, Missing, Unavailable
from mailing.base.settings import current
from mailing.base.tokens import ReturnPath, link_keys
from mailing.inbound import addresses, messages
from mailing.inbound.messages import State, Via
from mailing.inbound.reading import Kind
from mailing.requests import acts, incoming
from mailing.requests.incoming import take
from tests.person import Person, at_once
from tests.requests.post import HELPDESK, Post, requests_now, rows_now, sure


class Killed(BaseException):
    """The process dies here."""


def later(monkeypatch: pytest.MonkeyPatch, **time: float) -> None:
    moment = clock.now() + timedelta(**time)
    monkeypatch.setattr(clock, "now", lambda: moment)


def test_what_came_is_sealed_and_nothing_of_it_stands_in_clear(person: Person, post: Post) -> None:
    raw = post.write(Kind.QUESTION, "dana@example.com")
    take(raw, ["helpdesk+dana@glazik.example"], Via.LISTENER)
    (kept,) = rows_now()
    assert messages.octets_of(kept) == raw
    assert messages.recipients_of(kept) == ["helpdesk+dana@glazik.example"]
    row = str(db.session.execute(text("SELECT * FROM inbound_messages")).one())
    assert "dana" not in row


def test_it_is_stored_before_it_is_read(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object, **__: object) -> None:
        raise Killed

    monkeypatch.setattr(incoming, "read", die)
    with pytest.raises(Killed):
        take(b"Subject: x\r\n\r\n", [HELPDESK])
    db.session.rollback()
    assert [row.state for row in rows_now()] == [State.TAKEN]


@pytest.mark.parametrize("by", ["the same letter again", "the sweep"])
@pytest.mark.parametrize("kind", [Kind.WITHDRAWAL, Kind.UNSUBSCRIBE, Kind.QUESTION])
def test_killed_between_leaving_and_its_end_it_is_finished(
    person: Person, post: Post, monkeypatch: pytest.MonkeyPatch, by: str, kind: Kind
) -> None:
    raw = post.write(kind, person.address)

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(messages, "end", die)
        with pytest.raises(Killed):
            take(raw, [HELPDESK])
    db.session.rollback()
    assert requests_now() == []
    if by == "the sweep":
        later(monkeypatch, minutes=1)
        assert incoming.sweep() == 1
    else:
        take(raw, [HELPDESK])
    (kept,) = rows_now()
    assert (kept.state, kept.kind) == (State.ACTED, kind)
    assert len(requests_now()) == (0 if kind is Kind.UNSUBSCRIBE else 1)
    assert len(person.said()) == len(set(person.said()))


def test_a_sweep_leaves_alone_what_somebody_is_about_to_act_upon(
    person: Person, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages.store(post.write(Kind.QUESTION), [HELPDESK], Via.IMAP)
    assert incoming.sweep() == 0
    later(monkeypatch, minutes=1)
    assert (incoming.sweep(), incoming.sweep()) == (1, 0)


@pytest.mark.parametrize("kind", [Kind.QUESTION, Kind.WITHDRAWAL, Kind.UNCLEAR])
def test_two_copies_at_once_open_one_request(
    app: Flask, person: Person, post: Post, kind: Kind
) -> None:
    raw = post.write(kind, person.address)
    taken = at_once(app, *[lambda: take(raw, [HELPDESK])] * 4)
    assert len({one.request_id for one in taken}) == 1
    assert sum(one.is_new for one in taken) == 1
    assert len(requests_now()) == 1
    assert len(rows_now()) == 1


def test_two_sweeps_at_once_act_once(
    app: Flask, person: Person, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages.store(post.write(Kind.WITHDRAWAL, person.address, **sure()), [HELPDESK], Via.IMAP)
    later(monkeypatch, minutes=1)
    at_once(app, incoming.sweep, incoming.sweep)
    assert person.said().count("withdrawn all") == 1
    assert requests_now() == [("destruction", person.id, "open")]


def test_a_letter_that_fails_again_and_again_is_shown_to_a_person(
    person: Person, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError

    messages.store(post.write(Kind.QUESTION), [HELPDESK], Via.IMAP)
    monkeypatch.setattr(incoming, "read", fail)
    for hour in range(1, incoming.MOST_TRIES + 2):
        later(monkeypatch, hours=hour)
        incoming.sweep()
    (kept,) = rows_now()
    assert (kept.state, kept.action) == (State.WAITING, "failed")


def fail_by(monkeypatch: pytest.MonkeyPatch, error: Exception | str) -> None:
    """From now on acting fails so: an error, or whatever the database says of a statement."""

    def act(_letter: object) -> None:
        if isinstance(error, Exception):
            raise error
        db.session.execute(text(error))

    monkeypatch.setattr(acts, "act", act)


OWN_FAULTS = [
    "SELECT 'x'::int",
    "INSERT INTO ignored_reports VALUES (1, NULL, now())",
    "SELECT nothing FROM nowhere",
    "SELECT repeat('x', 1073741823) || 'xx'",
    Conflict("No address is known."),
]


@pytest.mark.parametrize("fault", OWN_FAULTS)
def test_what_the_database_refuses_is_the_letters_own_fault_and_waits_for_a_person(
    person: Person, post: Post, monkeypatch: pytest.MonkeyPatch, fault: Exception | str
) -> None:
    messages.store(post.write(Kind.QUESTION), [HELPDESK], Via.IMAP)
    fail_by(monkeypatch, fault)
    for hour in range(1, incoming.MOST_TRIES + 1):
        later(monkeypatch, hours=hour)
        assert incoming.sweep() == 1
    assert incoming.sweep() == 0
    (kept,) = rows_now()
    assert (kept.state, kept.kind, kept.action) == (State.WAITING, "unclear", "failed")
    assert kept.reason.startswith("failed again and again: ")
    assert requests_now() == [("unclear", None, "open")]
    assert kept.request_id is not None


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("x", {}, Exception("the server has gone away")),
        InterfaceError("x", {}, Exception("no connection")),
        Unavailable("The journal cannot be written."),
    ],
)
def test_while_a_part_is_away_a_letter_waits_for_ever(
    person: Person, post: Post, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    messages.store(post.write(Kind.QUESTION), [HELPDESK], Via.IMAP)
    with monkeypatch.context() as patch:
        fail_by(patch, error)
        for hour in range(1, incoming.MOST_TRIES + 3):
            later(patch, hours=hour)
            incoming.sweep()
    assert [row.state for row in rows_now()] == [State.TAKEN]
    later(monkeypatch, hours=24)
    assert incoming.sweep() == 1
    assert requests_now() == [("question", None, "open")]


HOSTILE = "abuse\0\ud800" + "x" * 10_000


@pytest.mark.parametrize("to", [[HELPDESK], ["bounce+\udcff@bounce.glazik.example"]])
@pytest.mark.parametrize("kind", [Kind.COMPLAINT, Kind.BOUNCE_HARD, Kind.QUESTION, Kind.UNCLEAR])
def test_whatever_a_stranger_writes_a_column_takes_it(
    person: Person, post: Post, kind: Kind, to: list[str]
) -> None:
    """A NUL in a feedback type is refused by PostgreSQL, for ever."""
    raw = post.write(kind, feedback_type=HOSTILE, message_id=HOSTILE)
    post.readings[raw] = replace(post.readings[raw], reason=HOSTILE)
    take(raw, to)
    (kept,) = rows_now()
    assert kept.state != State.TAKEN
    assert len(kept.reason) <= messages.LONGEST_REASON
    assert "\0" not in kept.reason


@pytest.mark.parametrize("kind", [Kind.AUTO_REPLY, Kind.JUNK])
def test_what_no_person_wrote_is_kept_and_asks_for_nothing(
    person: Person, post: Post, kind: Kind
) -> None:
    """T59: an out-of-office is no wish to leave."""
    before = person.said()
    taken = post.comes(kind, person.address, **sure())
    assert (taken.action, person.said(), requests_now()) == ("kept", before, [])


def test_what_nobody_understands_waits_for_a_person(person: Person, post: Post) -> None:
    taken = post.comes(Kind.UNCLEAR)
    assert (taken.action, taken.is_waiting) == ("waiting", True)
    assert requests_now() == [("unclear", None, "open")]


@pytest.mark.parametrize("kind", [Kind.RECTIFICATION, Kind.QUESTION])
def test_what_is_asked_is_a_request_of_its_person(person: Person, post: Post, kind: Kind) -> None:
    taken = post.comes(kind, person.address)
    assert (taken.action, taken.subscriber) == ("opened", person.id)
    assert requests_now() == [(kind.value, person.id, "open")]


def test_staff_say_that_a_letter_is_a_withdrawal(person: Person, post: Post) -> None:
    taken = post.comes(Kind.UNCLEAR, person.address)
    done = incoming.act_as(taken.id, Kind.WITHDRAWAL, "staff 1")
    assert (done.kind, done.action) == ("withdrawal", "blocked")
    assert person.said()[-1] == "blocked all"
    assert incoming.act_as(taken.id, Kind.WITHDRAWAL, "staff 1").action == "blocked"
    assert person.said().count("blocked all") == 1


def test_staff_cannot_say_that_a_letter_is_a_bounce(person: Person, post: Post) -> None:
    taken = post.comes(Kind.UNCLEAR)
    with pytest.raises(Invalid):
        incoming.act_as(taken.id, Kind.BOUNCE_HARD, "staff 1")
    with pytest.raises(Missing):
        incoming.act_as(10**9, Kind.JUNK, "staff 1")


@pytest.mark.parametrize(
    ("address", "is_ours"),
    [
        ("helpdesk@glazik.example", True),
        ("HELPDESK@Glazik.Example", True),
        ("unsubscribe+abc@bounce.glazik.example", True),
        ("join+news@bounce.glazik.example", True),
        ("bounce+abc@BOUNCE.glazik.example", True),
        ("postmaster@bounce.glazik.example", True),
        ("helpdesk@other.example", False),
        ("unsubscribe+abc@glazik.example", False),
        ("<helpdesk@glazik.example>", True),
        ("<<helpdesk@glazik.example>>", True),
        ('"helpdesk"@glazik.example.', True),
        ("unsubscribe%2Babc@bounce.glazik.example", True),
        ("UNSUBSCRIBE%2babc@BOUNCE.glazik.example", True),
        ("unsubscribe=2Babc@bounce.glazik.example", True),
        ('"unsubscribe+abc"@bounce.glazik.example', True),
        ('"unsub\\scribe+abc"@bounce.glazik.example', True),
        ("bounce+abc@bounce.glazik.example.", True),
        ("postmaster", True),
        ("Postmaster", True),
        ("abuse", False),
        ("bounce", False),
        ("helpdesk", False),
        ("bounce-abc@bounce.glazik.example", False),
        ("prvs=1234abcd=bounce+abc@bounce.glazik.example", False),
        ("bounce+abc@bounce.glazik.example@other.example", False),
        ("bounce+abc@bounce.glazik.example..", False),
        ("bounce%40bounce.glazik.example", False),
        ("bounce+abc%40bounce.glazik.example@other.example", False),
        ("@bounce.glazik.example", False),
        ("someone@bounce.glazik.example", False),
        ("", False),
    ],
)
def test_mail_for_others_is_not_taken_in(app: Flask, address: str, is_ours: bool) -> None:
    assert addresses.is_ours(address) == is_ours


@pytest.mark.parametrize("wrap", ["{}", "prvs=1234abcd={}", "btv1==0123456789a=={}"])
@pytest.mark.parametrize("plus", ["+", "%2B", "=2b", "=", "-"])
def test_a_signed_return_path_is_taken_in_however_it_was_wrapped(
    app: Flask, wrap: str, plus: str
) -> None:
    """BATV, and systems that put another character for the plus: the signature says whose it is."""
    signed = ReturnPath(uuid4()).address(link_keys(current().secret_keys), "Bounce.glazik.example")
    respelt = wrap.format(signed.replace("+", plus))
    assert addresses.is_ours(respelt)
    assert addresses.is_ours(respelt.upper())
    assert not addresses.is_ours(respelt.replace("glazik", "other"))


def test_a_letter_that_was_saved_with_other_line_ends_is_the_same_letter(
    app: Flask,
) -> None:
    wired, saved = b"Subject: A question\r\n\r\nWhat?\r\n", b"Subject: A question\n\nWhat?\n"
    assert messages.name_of(wired, []) == messages.name_of(saved, [])
    assert messages.name_of(saved + b"?", []) != messages.name_of(saved, [])
