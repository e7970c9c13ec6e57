"""Mail comes in through a real Postfix: SMTP in, LMTP to our listener, bounces that it makes."""

import smtplib
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select, text

from console.daemons import free_port
from mailing.base import clock
from mailing.base.database import db, dsn
from mailing.base.settings import current
from mailing.base.tokens import MailtoLeave, link_keys
from mailing.deliveries.deliveries import Delivery
from mailing.inbound.messages import State
from mailing.leaving import replay
from mailing.people import suppression, topics
from mailing.people.ledger import Kind
from mailing.people.suppression import Why
from mailing.requests import incoming
from tests import road
from tests.flows.intake import delivered, hand_in, kept, taking_in
from tests.peers import postfix
from tests.peers.postfix import GONE, Postfix
from tests.peers.smtp_peer import SmtpPeer
from tests.person import Person, confirmations_of
from tests.worker.postbox import BOUNCES, WITHDRAW, authenticated, letter

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]

OURS = (BOUNCES, "glazik.example")
JOIN = f"join+news@{BOUNCES}"


@pytest.fixture(scope="module")
def listens_at() -> int:
    """Where Postfix delivers to; nobody is there unless a test starts the intake."""
    return free_port()


@pytest.fixture(scope="module")
def people() -> Iterator[SmtpPeer]:
    """The mail server of everybody who is not ours."""
    with SmtpPeer() as one:
        yield one


@pytest.fixture(scope="module")
def post(listens_at: int, people: SmtpPeer) -> Iterator[Postfix]:
    elsewhere = int(people.url.rpartition(":")[2])
    with postfix.running(dict.fromkeys(OURS, listens_at), elsewhere) as one:
        yield one


@pytest.fixture
def environment(environment: dict[str, str], post: Postfix, listens_at: int) -> dict[str, str]:
    return environment | {
        "KELISIM_SMTP_URL": post.url,
        "KELISIM_INBOUND_LISTEN": f"127.0.0.1:{listens_at}",
        "KELISIM_AUTHSERV_ID": "mx.glazik.example",
    }


@pytest.fixture
def person(app: Flask) -> Person:
    somebody = Person(road.lay())
    somebody.say_yes("news", "offers")
    replay.run()
    return somebody


def way_out(person: Person, topic: str) -> str:
    token = MailtoLeave(person.id, topics.find(topic).id)
    return token.address(link_keys(current().secret_keys), BOUNCES)


def test_each_of_our_addresses_is_delivered_and_acted_upon(
    person: Person, post: Postfix, environment: dict[str, str], tmp_path: Path
) -> None:
    outs = [way_out(person, "news"), way_out(person, "offers")]
    road.subscribe(person.policy, 1)
    gone = Person(person.policy, road.address(0))
    gone.leave(kind=Kind.WITHDRAWN)
    with taking_in(environment, tmp_path):
        hand_in(post, letter("x@example.org", "stop"), *outs)
        road.wait_for(lambda: person.standing("offers") == "unsubscribed")
        signed = f"Message-ID: <join@example.com>\n{authenticated(gone.address)}"
        hand_in(post, letter(gone.address, "join", signed, to=JOIN), JOIN)
        hand_in(post, letter(person.address, WITHDRAW))
        delivered(post)
    found = [(one.kind, one.action) for one in kept()]
    assert found[0] == ("unsubscribe", "left")
    assert {kind for kind, _ in found[1:]} == {"join", "withdrawal"}
    assert person.standing("news") == "unsubscribed"
    assert person.said()[-1] == "blocked all"
    assert len(confirmations_of(gone.address)) == 1


def test_the_world_may_hand_in_for_our_domains_alone(person: Person, post: Postfix) -> None:
    with (
        smtplib.SMTP("127.0.0.1", post.world, timeout=90) as talk,
        pytest.raises(smtplib.SMTPRecipientsRefused, match="Relay access denied"),
    ):
        talk.sendmail("x@example.org", ["somebody@example.com"], b"Subject: x\r\n\r\n")


def test_a_bounce_that_postfix_itself_makes_suppresses_the_address(
    person: Person, post: Postfix, environment: dict[str, str], tmp_path: Path
) -> None:
    """Accepted first, refused by the next server, back to the signed path by MAILER-DAEMON."""
    lost = Person(person.policy, f"nobody@{GONE}")
    lost.say_yes("news")
    number = road.campaign()
    with taking_in(environment, tmp_path), road.working(environment, tmp_path / "worker.log"):
        road.start(number)
        done = road.wait_until_done(number)
        road.wait_for(lambda: suppression.reasons(lost.row.digest))
        delivered(post)
    assert done["accepted"] == 2
    assert set(suppression.reasons(lost.row.digest)) == {Why.BOUNCE}
    assert not suppression.reasons(person.row.digest)
    query = select(Delivery).where(Delivery.campaign_id == number)
    by_person = {one.subscriber_id: one.bounce_kind for one in db.session.scalars(query)}
    assert by_person == {lost.id: "hard", person.id: None}
    (back,) = kept()
    assert (back.kind, back.action, back.subscriber_id) == ("bounce-hard", "suppressed", lost.id)


def test_what_kelisim_cannot_store_now_postfix_keeps_and_brings_again(
    person: Person, post: Postfix, environment: dict[str, str], tmp_path: Path
) -> None:
    with taking_in(environment, tmp_path):
        _away(environment, "inbound_messages")
        before = len(post.log)
        hand_in(post, letter(person.address, WITHDRAW))
        road.wait_for(lambda: "451 4.3.0 Not stored" in post.log[before:])
        assert post.waiting == 1
        assert "blocked all" not in person.said()
        _back(environment, "inbound_messages")
        delivered(post)
    (one,) = kept()
    assert (one.kind, one.action) == ("withdrawal", "blocked")
    assert person.said()[-1] == "blocked all"


def test_while_nobody_listens_postfix_keeps_what_comes(
    person: Person, post: Postfix, environment: dict[str, str], tmp_path: Path
) -> None:
    before = len(post.log)
    hand_in(post, letter(person.address, WITHDRAW))
    road.wait_for(lambda: "Connection refused" in post.log[before:])
    with taking_in(environment, tmp_path):
        delivered(post)
    assert [one.action for one in kept()] == ["blocked"]


def test_a_listener_killed_while_it_acts_loses_nothing_and_does_nothing_twice(
    person: Person, post: Postfix, environment: dict[str, str], tmp_path: Path
) -> None:
    """The letter is stored and its author's row is locked: there the process dies, unanswered."""
    with taking_in(environment, tmp_path) as intake:
        with psycopg.connect(dsn(current().database)) as database:
            database.execute("SELECT FROM subscribers WHERE id = %s FOR UPDATE", [person.id])
            hand_in(post, letter(person.address, WITHDRAW))
            road.wait_for(lambda: [one.state for one in kept()] == [State.TAKEN])
            intake.kill()
        assert "blocked all" not in person.said()
        intake.start()
        delivered(post)
    (one,) = kept()
    assert (one.state, one.action) == (State.ACTED, "blocked")
    assert person.said().count("blocked all") == 1


def test_killed_again_and_again_in_a_flood_every_letter_is_kept_once(
    person: Person, post: Postfix, environment: dict[str, str], tmp_path: Path
) -> None:
    flood = 60
    with taking_in(environment, tmp_path) as intake:
        for number in range(flood):
            hand_in(post, letter(f"writer{number}@example.org", f"Question {number}"))
            if number % 30 == 15:
                stored = len(kept())
                road.wait_for(partial(_has_grown, stored))
                intake.kill()
                intake.start()
        delivered(post)
    ahead = clock.now() + timedelta(minutes=10)
    with clock.use(lambda: ahead):
        incoming.sweep()
    assert len(kept()) == flood
    assert {one.state for one in kept()} <= {State.ACTED, State.WAITING}
    asked = db.session.scalar(text("SELECT count(DISTINCT inbound_id) FROM requests"))
    assert asked == flood


def _away(environment: dict[str, str], table: str) -> None:
    _ask(environment, f"ALTER TABLE {table} RENAME TO {table}_away")


def _back(environment: dict[str, str], table: str) -> None:
    _ask(environment, f"ALTER TABLE {table}_away RENAME TO {table}")


def _ask(environment: dict[str, str], statement: str) -> None:
    db.session.rollback()
    with psycopg.connect(dsn(environment["KELISIM_DATABASE_URL"]), autocommit=True) as database:
        database.execute(statement.encode())


def _has_grown(since: int) -> bool:
    return len(kept()) > since
