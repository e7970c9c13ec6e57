"""The listener on the wire: LMTP and SMTP, several recipients, the null path, what it refuses."""

import socket
import time
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from mailing.base.database import db
from mailing.base.settings import current
from mailing.base.tokens import MailtoLeave, link_keys
from mailing.inbound import messages
from mailing.inbound.messages import InboundMessage
from mailing.leaving import replay
from mailing.people import topics
from tests import road
from tests.person import Person
from tests.worker.postbox import (
    BOUNCES,
    HELPDESK,
    WITHDRAW,
    authenticated,
    letter,
    send,
    taking_in,
    talking,
)


@pytest.fixture
def person(app: Flask) -> Person:
    somebody = Person(road.lay())
    somebody.say_yes("news", "offers")
    replay.run()
    return somebody


def kept() -> list[InboundMessage]:
    db.session.rollback()
    return list(db.session.scalars(select(InboundMessage).order_by(InboundMessage.id)))


def way_out(person: Person, topic: str) -> str:
    token = MailtoLeave(person.id, topics.find(topic).id)
    return token.address(link_keys(current().secret_keys), BOUNCES)


@pytest.mark.parametrize("lmtp", [True, False])
def test_one_letter_to_several_of_ours_is_taken_in_once(
    person: Person, environment: dict[str, str], tmp_path: Path, lmtp: bool
) -> None:
    to = [way_out(person, "news"), way_out(person, "offers"), HELPDESK]
    with taking_in(environment, tmp_path / "log") as port:
        send(port, letter("x@example.org", "stop"), *to, lmtp=lmtp)
    (one,) = kept()
    assert (one.kind, one.action) == ("unsubscribe", "left")
    assert (person.standing("news"), person.standing("offers")) == ("unsubscribed",) * 2


def test_lmtp_hears_an_answer_for_each_recipient(
    person: Person, environment: dict[str, str], tmp_path: Path
) -> None:
    """RFC 2033 4.2; the connection goes on with the next letter."""
    with taking_in(environment, tmp_path / "log") as port, talking(port) as peer:
        for number in range(2):
            peer.mail("x@example.org")
            assert peer.rcpt(HELPDESK)[0] == 250
            assert peer.rcpt("nobody@elsewhere.example")[0] == 550
            assert peer.rcpt(f"abuse@{BOUNCES}")[0] == 250
            assert peer.data(letter("x@example.org", f"Question {number}"))[0] == 250
            assert peer.getreply()[0] == 250
        assert peer.noop()[0] == 250
    assert len(kept()) == 2


def test_an_address_of_ours_is_taken_in_however_a_mail_system_spells_it(
    person: Person, environment: dict[str, str], tmp_path: Path
) -> None:
    """What is refused here is lost there. RFC 5321 4.1.2 and 4.5.1, and what is sent instead."""
    out = way_out(person, "news")
    local, domain = out.split("@")
    spelt = [out.upper(), f'"{local}"@{domain}', out.replace("+", "%2B"), f"{out}.", f"<{out}>"]
    taken_in = [*(f"<{one}>" for one in spelt), "<postmaster>", f"<@relay.example:{HELPDESK}>"]
    refused = [
        f"<{local}@elsewhere.example.>",
        "<<>>",
        "<root>",
        f"<x@{domain}>",
        "<a b@c.example>",
    ]
    with taking_in(environment, tmp_path / "log") as port, talking(port) as peer:
        peer.mail("x@example.org")
        assert [peer.docmd("RCPT", f"TO:{one}")[0] for one in taken_in] == [250] * len(taken_in)
        assert {peer.docmd("RCPT", f"TO:{one}")[0] // 100 for one in refused} == {5}
        peer.rset()
        peer.mail("x@example.org")
        assert peer.docmd("RCPT", f'TO:<"{local}"@{domain.upper()}.>')[0] == 250
        assert peer.data(letter("x@example.org", "stop"))[0] == 250
    assert (person.standing("news"), person.standing("offers")) == ("unsubscribed", "given")


def test_what_is_no_address_is_refused_for_good_and_the_talk_goes_on(
    person: Person, environment: dict[str, str], tmp_path: Path
) -> None:
    """The library falls over these; a 451 would have whoever sends try again for days."""
    log = tmp_path / "log"
    with taking_in(environment, log) as port, talking(port) as peer:
        for command in ("VRFY <", 'MAIL FROM:<"', "MAIL FROM:<a@", "MAIL FROM:<a@["):
            code, said = peer.docmd(command)
            assert 500 <= code < 600, (command, code, said)
        assert peer.mail("x@example.org")[0] == 250
        assert peer.docmd("RCPT TO:<@")[0] == 553
        assert peer.rcpt(HELPDESK)[0] == 250
        assert peer.data(letter("x@example.org", "stop"))[0] == 250
    assert "Traceback" not in log.read_text()
    assert len(kept()) == 1


def test_a_null_path_is_seen_by_whoever_reads(
    person: Person, environment: dict[str, str], tmp_path: Path
) -> None:
    """RFC 3834 section 2: nothing ever answers it."""
    with taking_in(environment, tmp_path / "log") as port:
        send(port, letter("x@example.org", "Undelivered"), sender="")
    (one,) = kept()
    assert messages.octets_of(one).startswith(b"Return-Path: <>\r\n")


def test_long_lines_and_raw_octets_are_taken_as_they_are(
    person: Person, environment: dict[str, str], tmp_path: Path
) -> None:
    raw = b"From: x@example.org\r\nSubject: \xc4\xe5\r\n\r\n" + b"\xff" * 5000 + b"\r\n"
    with taking_in(environment, tmp_path / "log") as port:
        send(port, raw)
    assert messages.octets_of(kept()[0]).endswith(raw)


def test_from_arrival_to_block_it_is_less_than_five_seconds(
    person: Person, environment: dict[str, str], tmp_path: Path
) -> None:
    with taking_in(environment, tmp_path / "log") as port:
        begun = time.monotonic()
        send(port, letter(person.address, WITHDRAW))
        took = time.monotonic() - begun
    assert person.said()[-1] == "blocked all"
    assert took < 5


def test_only_the_named_server_authenticates(
    person: Person, environment: dict[str, str], tmp_path: Path
) -> None:
    raw = letter(person.address, WITHDRAW, authenticated(person.address))
    own = {"KELISIM_AUTHSERV_ID": "mx.glazik.example"}
    with taking_in(environment, tmp_path / "log") as port:
        send(port, raw)
        assert person.said()[-1] == "blocked all"
    with taking_in(environment, tmp_path / "log", **own) as port:
        send(port, raw + b"once more\r\n")
    assert person.said()[-1] == "withdrawn all"


def test_a_client_that_hangs_up_in_the_middle_leaves_nothing(
    person: Person, environment: dict[str, str], tmp_path: Path
) -> None:
    with taking_in(environment, tmp_path / "log") as port:
        with socket.create_connection(("127.0.0.1", port)) as peer:
            for line in (
                b"LHLO x",
                b"MAIL FROM:<>",
                b"RCPT TO:<" + HELPDESK.encode() + b">",
                b"DATA",
            ):
                peer.sendall(line + b"\r\n")
                time.sleep(0.05)
            peer.sendall(b"Subject: half")
        send(port, letter("x@example.org", "whole"))
    assert len(kept()) == 1
