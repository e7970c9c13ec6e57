"""The engine where one message's envelope goes out with the dot of another."""

import threading
import time
from collections.abc import Callable, Iterable
from uuid import UUID

import psycopg
import pytest
from flask import Flask

from mailing.base.settings import Settings
from mailing.deliveries.message import Octets
from mailing.deliveries.permit import SendPermit
from mailing.leaving import links
from mailing.leaving.receipts import Receipt
from tests import road
from tests.peers.faults import Fault, Stage
from tests.peers.smtp_peer import SmtpPeer
from tests.worker.conftest import Desk
from worker.sendjournal import Dot, read
from worker.smtp.envelope import Envelope, Unsendable, envelope
from worker.smtp.extensions import Extensions

# Before these nothing follows: the relay has to show that it is prompt, and that it can.
_BEFORE = 3


@pytest.fixture
def environment(environment: dict[str, str], peer: SmtpPeer) -> dict[str, str]:
    return environment | {"KELISIM_SMTP_URL": peer.url, "KELISIM_SMTP_CONNECTIONS": "1"}


@pytest.fixture
def believing(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is just now, the relay is held to be prompt."""
    for name in ("_PROMPT_SECONDS", "_BELIEVED_SECONDS"):
        monkeypatch.setattr(f"worker.lines.{name}", 60.0)


@pytest.fixture
def patient(believing: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, and nothing is called back."""
    monkeypatch.setattr("worker.lines._LATE_SECONDS", 60.0)


def reached(peer: SmtpPeer) -> list[str]:
    assert peer.records.complaints == []
    return [message.recipients[0] for message in peer.accepted]


def glued(peer: SmtpPeer) -> int:
    """How many envelopes came with a dot."""
    came = [write for writes in peer.records.writes.values() for write in writes]
    return sum(b".\r\nMAIL FROM" in write for write in came)


def state_of(desk: Desk, where: str) -> list[tuple[UUID, UUID]]:
    """Delivery and person of the rows in this state, seen from another connection."""
    with psycopg.connect(desk.database.info.dsn, password=desk.database.info.password) as other:
        query = "SELECT id, subscriber_id FROM deliveries WHERE state = %s ORDER BY id"
        return other.execute(query, [where]).fetchall()


def open_behind(desk: Desk, accepted: int) -> UUID:
    """Whose message is open behind a dot that is held back, once so many are accepted."""
    limit = time.monotonic() + 20
    while len(state_of(desk, "accepted")) < accepted or not state_of(desk, "sealed"):
        assert time.monotonic() < limit, "nothing is held back"
        time.sleep(0.01)
    [(_, who)] = state_of(desk, "open")
    return who


@pytest.mark.usefixtures("patient")
def test_over_a_kept_connection_each_message_follows_the_one_before(
    desk: Desk, peer: SmtpPeer
) -> None:
    road.under_way(12)
    desk.work()
    assert sorted(reached(peer)) == sorted(road.address(number) for number in range(12))
    assert peer.connections == 1
    assert glued(peer) >= 12 - _BEFORE
    assert desk.states() == {"accepted": 12}
    traces = read(desk.life.host.journal_of(desk.life.id)) or {}
    assert {trace.code for trace in traces.values()} == {250}


@pytest.mark.usefixtures("patient")
def test_who_leaves_while_their_envelope_stands_behind_a_dot_gets_nothing_and_is_told_so_at_once(
    app: Flask, desk: Desk, peer: SmtpPeer
) -> None:
    """T12: what is open is called back; only what the relay holds unanswered is named."""
    _, people = road.under_way(12)
    go = threading.Event()
    peer.behave(Fault(Stage.DOT, until=go, skip=6, times=1))
    told: list[tuple[UUID, Receipt | None, float]] = []

    def leave() -> None:
        try:
            who = open_behind(desk, accepted=6)
            with app.app_context():
                began = time.monotonic()
                receipt = links.by_token(road.leave_token(who), 30.0)
                told.append((who, receipt, time.monotonic() - began))
        finally:
            go.set()

    leaving = threading.Thread(target=leave)
    leaving.start()
    desk.work()
    leaving.join()
    [(who, receipt, took)] = told
    assert receipt is not None
    assert receipt.in_flight == []
    assert took < 15.0, "nobody waits for a message that is not theirs"
    desk.ripen()
    desk.work()
    assert road.address(people.index(who)) not in reached(peer)
    assert desk.states() == {"accepted": 11, "held": 1}


@pytest.mark.usefixtures("believing")
def test_what_stands_behind_a_slow_answer_is_called_back_and_sent_over_another_connection(
    desk: Desk, peer: SmtpPeer
) -> None:
    road.under_way(12)
    peer.behave(Fault(Stage.DOT, wait=2.5, skip=6, times=1))
    desk.work()
    assert sorted(reached(peer)) == sorted(road.address(number) for number in range(12))
    assert desk.states() == {"accepted": 12}
    called = [row for row in desk.rows() if row["fence"] > 2]
    assert called, "the one behind the slow answer was claimed once more"
    assert {row["attempts"] for row in called} == {1}, "and that it was called back was no attempt"
    assert peer.connections > 1, "a relay that was told of one more is hung up on"


def test_a_relay_that_answers_slowly_gets_each_message_by_itself(
    desk: Desk, peer: SmtpPeer
) -> None:
    road.under_way(4)
    peer.behave(Fault(Stage.DOT, wait=0.6))
    desk.work()
    assert len(reached(peer)) == 4
    assert glued(peer) == 0
    assert {row["attempts"] for row in desk.rows()} == {1}


@pytest.mark.usefixtures("patient")
def test_what_stands_behind_a_dot_when_the_process_ends_is_sent_by_another(
    desk: Desk,
    hire: Callable[[], Desk],
    peer: SmtpPeer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fails_behind_the_seventh(desk, peer, monkeypatch)
    assert len(state_of(desk, "open")) == 1
    desk.engine.die(tells=True)
    assert desk.states()["accepted"] == 7
    assert len(reached(peer)) == 7
    desk.settle(settings)
    hire().work()
    assert sorted(reached(peer)) == sorted(road.address(number) for number in range(12))


@pytest.mark.usefixtures("patient")
def test_what_the_relay_cannot_take_behind_a_dot_takes_nothing_from_the_answer_to_it(
    desk: Desk, peer: SmtpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the process ended, the one was called refused and the answer to the other was lost."""
    asked: list[SendPermit] = []

    def not_the_eighth(permit: SendPermit, octets: Octets, offered: Extensions) -> Envelope:
        asked.append(permit)
        if len(asked) == 8:
            raise Unsendable("the relay does not offer that")
        return envelope(permit, octets, offered)

    monkeypatch.setattr("worker.smtp.connection.envelope", not_the_eighth)
    fails_behind_the_seventh(desk, peer, monkeypatch)
    desk.engine.die(tells=True)
    found = {row["id"]: row for row in desk.rows()}
    assert found[asked[6].delivery_id]["state"] == "accepted"
    assert found[asked[7].delivery_id]["state"] == "refused"
    assert "does not offer" in found[asked[7].delivery_id]["reply_text"]
    traces = read(desk.life.host.journal_of(desk.life.id)) or {}
    assert traces[asked[6].delivery_id].code == 250
    assert desk.engine._lines.behind == 0


def fails_behind_the_seventh(desk: Desk, peer: SmtpPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work until the seventh dot is written, with an envelope behind it, and fail."""
    road.under_way(12)
    peer.behave(Fault(Stage.DOT, wait=0.2, skip=6, times=1))
    dots, told = desk.life.journal.dots, list[Dot]()

    def count(new: Iterable[Dot]) -> None:
        told.extend(new)
        dots(told[-1:])

    def fail() -> bool:
        if len(told) == 7:
            raise OSError("no space left")
        return False

    monkeypatch.setattr(desk.life.journal, "dots", count)
    with pytest.raises(OSError, match="no space left"):
        desk.engine.work(60.0, fail, lambda: None)
