"""The engine against a relay that does everything wrong: nothing lost, nothing twice."""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask
from psycopg.errors import DeadlockDetected

from mailing.base.database import db
from mailing.base.roundtrip import Row, Said, transact
from mailing.base.settings import Settings
from mailing.deliveries import status
from mailing.deliveries.gate import Passed
from mailing.deliveries.letters import Letters
from mailing.deliveries.message import Composed, Octets, UnsafeValue
from mailing.leaving import links
from tests import road
from tests.deliveries.test_queue import ask
from tests.peers.faults import Cut, Fault, Stage
from tests.peers.smtp_peer import SmtpPeer
from tests.worker.conftest import CONNECTIONS, Desk
from worker.sendjournal import Dot, read

ALL = {road.address(number) for number in range(10)}


@pytest.fixture
def environment(environment: dict[str, str], peer: SmtpPeer) -> dict[str, str]:
    return environment | {
        "KELISIM_SMTP_URL": peer.url,
        "KELISIM_SMTP_CONNECTIONS": str(CONNECTIONS),
        "KELISIM_SEND_BATCH": "6",
    }


def reached(peer: SmtpPeer) -> set[str]:
    """Who got the message; nobody twice."""
    found = Counter(message.recipients[0] for message in peer.accepted)
    assert set(found.values()) <= {1}, found
    assert peer.records.complaints == []
    return set(found)


def test_everybody_gets_one_message_over_a_few_kept_connections(desk: Desk, peer: SmtpPeer) -> None:
    number, _ = road.under_way(10)
    assert desk.work() is False
    assert reached(peer) == ALL
    assert peer.connections <= CONNECTIONS
    assert road.outcomes(number)["accepted"] == 10
    traces = read(desk.life.host.journal_of(desk.life.id)) or {}
    assert {trace.code for trace in traces.values()} == {250}
    assert set(traces) == {row["id"] for row in desk.rows()}


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT])
def test_what_the_relay_puts_off_is_sent_once_later(
    desk: Desk, peer: SmtpPeer, stage: Stage
) -> None:
    road.under_way(10)
    peer.behave(Fault(stage, code=451, text="come back", times=3))
    desk.work()
    late = [row for row in desk.rows() if row["state"] == "deferred"]
    assert len(late) == 3
    assert {(row["reply_code"], row["reply_text"], row["attempts"]) for row in late} == {
        (451, "come back", 1)
    }
    assert all(row["retry_at"] - row["opened_at"] >= timedelta(seconds=50) for row in late)
    desk.ripen()
    desk.work()
    assert reached(peer) == ALL
    assert desk.states() == {"accepted": 10}


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT])
def test_what_the_relay_refuses_is_refused_with_its_words_and_stops_nobody_else(
    desk: Desk, peer: SmtpPeer, stage: Stage
) -> None:
    """T54: one 554 is one person's."""
    road.under_way(10)
    peer.behave(Fault(stage, code=554, text="not here", times=2))
    desk.work()
    refused = [row for row in desk.rows() if row["state"] == "refused"]
    assert [(row["reply_code"], row["reply_text"]) for row in refused] == [(554, "not here")] * 2
    assert len(reached(peer)) == 8
    desk.ripen()
    desk.work()
    assert desk.states() == {"accepted": 8, "refused": 2}


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA])
def test_a_relay_that_takes_leave_gets_the_message_later_over_another_connection(
    desk: Desk, peer: SmtpPeer, stage: Stage
) -> None:
    road.under_way(10)
    peer.behave(Fault(stage, code=421, text="closing", times=2))
    desk.work()
    assert desk.states() == {"accepted": 8, "deferred": 2}
    desk.ripen()
    desk.work()
    assert reached(peer) == ALL


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY])
def test_a_connection_that_is_cut_before_the_dot_loses_nothing(
    desk: Desk, peer: SmtpPeer, stage: Stage, cut: Cut
) -> None:
    road.under_way(10)
    peer.behave(Fault(stage, cut=cut, times=2))
    desk.work()
    said = Counter(desk.states())
    # A cut within the body may cross with the dot on its way; then nobody knows.
    assert said["uncertain"] == 0 or stage is Stage.BODY
    assert (said["accepted"], said["deferred"] + said["uncertain"]) == (8, 2)
    desk.ripen()
    desk.work()
    assert len(ALL - reached(peer)) == said["uncertain"]


@pytest.mark.parametrize(("cut", "arrived"), [(Cut.BEFORE, 8), (Cut.AFTER, 10)])
def test_a_connection_that_is_cut_after_the_dot_is_uncertain_and_left_to_a_person(
    desk: Desk, peer: SmtpPeer, cut: Cut, arrived: int
) -> None:
    """T49: accepted or not, the answer was lost."""
    number, _ = road.under_way(10)
    peer.behave(Fault(Stage.DOT, cut=cut, times=2))
    desk.work()
    desk.ripen()
    desk.work()
    assert desk.states() == {"accepted": 8, "uncertain": 2}
    assert len(reached(peer)) == arrived
    status.resend_uncertain(number, road.ACTOR)
    db.session.commit()
    desk.work()
    assert desk.states() == {"accepted": 10}


def test_a_retry_is_the_same_message_to_the_octet(desk: Desk, peer: SmtpPeer) -> None:
    road.under_way(1)
    peer.behave(Fault(Stage.DOT, code=451, times=2))
    for _ in range(3):
        desk.work()
        desk.ripen()
    first, *others = [message.raw for message in peer.records.finished]
    assert others == [first, first]
    assert len(peer.accepted) == 1


def test_a_confirmation_whose_answer_was_lost_is_sent_again_to_the_octet(
    desk: Desk, peer: SmtpPeer
) -> None:
    road.lay()
    ask("someone@example.net")
    peer.behave(Fault(Stage.DOT, cut=Cut.AFTER, times=1))
    desk.work()
    assert desk.states() == {"deferred": 1}
    desk.ripen()
    desk.work()
    first, second = [message.raw for message in peer.accepted]
    assert first == second
    assert desk.states() == {"accepted": 1}


def test_greylisting_costs_a_retry_each_and_nothing_else(desk: Desk, peer: SmtpPeer) -> None:
    road.under_way(10)
    peer.behave(Fault(Stage.RCPT, code=450, text="greylisted", times=10))
    desk.work()
    assert desk.states() == {"deferred": 10}
    assert peer.accepted == []
    desk.ripen()
    desk.work()
    assert reached(peer) == ALL


def test_a_tarpit_delays_its_own_message_and_is_not_left_without_a_listener(
    desk: Desk, peer: SmtpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that ended meanwhile would leave the answer unread and the row sealed for ever."""
    road.under_way(10)
    monkeypatch.setattr("worker.engine.FINISH_SECONDS", 1.0)
    slow = road.address(4)
    peer.behave(Fault(Stage.DOT, to=slow, wait=5.0))
    seen: list[dict[str, int]] = []
    looking = threading.Event()

    def watch() -> None:
        while not seen or "sealed" not in seen[-1]:
            seen.append(states_of(desk))
            looking.set()
        while "accepted" not in seen[-1] or sum(seen[-1].values()) - seen[-1]["accepted"] > 1:
            seen.append(states_of(desk))

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert looking.wait(30)
    desk.work(seconds=0.3)
    watcher.join()
    assert {"accepted": 9, "sealed": 1} in seen
    assert desk.states() == {"accepted": 10}
    assert reached(peer) == ALL


def states_of(desk: Desk) -> dict[str, int]:
    """The same from another connection."""
    with psycopg.connect(desk.database.info.dsn, password=desk.database.info.password) as other:
        query = "SELECT state, count(*) FROM deliveries GROUP BY state"
        return dict(other.execute(query).fetchall())


def test_while_a_tarpit_holds_one_message_new_work_is_taken_up(
    app: Flask, desk: Desk, peer: SmtpPeer
) -> None:
    road.under_way(2)
    peer.behave(Fault(Stage.DOT, to=road.address(0), wait=3.0, times=1))

    def one_more() -> None:
        with app.app_context():
            road.another()

    later = threading.Timer(0.5, one_more)
    later.start()
    desk.work(seconds=0.2)
    later.join()
    assert len(peer.accepted) == 4
    answers = sorted(message.replied_at or 0.0 for message in peer.accepted)
    assert answers[-1] - answers[-2] > 1.0, "the others did not wait for it"


def test_a_relay_that_wants_fewer_connections_gets_fewer(desk: Desk, peer: SmtpPeer) -> None:
    road.under_way(10)
    peer.behave(Fault(Stage.BANNER, code=421, text="too many", skip=2))
    desk.work()
    assert reached(peer) == ALL
    assert desk.states() == {"accepted": 10}
    assert len(desk.engine._lines.all()) == 2


def test_a_relay_that_turns_everybody_away_burns_no_attempts_and_is_named(
    desk: Desk, peer: SmtpPeer
) -> None:
    number, _ = road.under_way(10)
    peer.behave(Fault(Stage.BANNER, code=554, text="go away"))
    assert desk.work() is False
    assert {(row["state"], row["attempts"]) for row in desk.rows()} == {("pending", 0)}
    assert "go away" in status.status(number)["waiting_for"]
    peer.heal()
    time.sleep(1.1)
    desk.work()
    assert reached(peer) == ALL
    assert status.status(number)["waiting_for"] is None


def test_what_is_hung_up_on_while_a_relay_rests_is_in_nobodys_way_afterwards(
    desk: Desk, peer: SmtpPeer
) -> None:
    """The answer to a QUIT comes after the turn: nobody listened for it, and nobody sent again."""
    road.under_way(10)
    desk.work()
    number = road.another()
    peer.behave(Fault(Stage.MAIL, code=550, text="not from you"), Fault(Stage.QUIT, wait=1.0))
    assert desk.work() is False
    assert "not from you" in status.status(number)["waiting_for"]
    assert desk.engine._lines.all(), "somebody still waits for the answer to a QUIT"
    peer.heal()
    time.sleep(1.1)
    road.another()
    desk.work()
    assert len(peer.accepted) >= 20
    desk.ripen()
    desk.work()
    assert desk.states() == {"accepted": 26, "refused": 4}, "the fifth in a row was the relay's"
    assert status.status(number)["waiting_for"] is None


def test_a_message_that_cannot_be_composed_or_signed_ends_that_one_delivery(
    desk: Desk, peer: SmtpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, people = road.under_way(10)
    compose = Letters.compose

    def refuse_one(letters: Letters, passed: Passed) -> Composed:
        if passed.subscriber_id == people[3]:
            raise UnsafeValue("a line break in a name")
        if passed.subscriber_id == people[4]:
            raise ZeroDivisionError
        return compose(letters, passed)

    sign = Composed.signed

    def leave_one_unsigned(composed: Composed) -> Octets:
        if road.address(5).encode() in composed.octets.wire:
            raise OverflowError
        return sign(composed)

    monkeypatch.setattr(Letters, "compose", refuse_one)
    monkeypatch.setattr(Composed, "signed", leave_one_unsigned)
    desk.work()
    assert reached(peer) == ALL - {road.address(3), road.address(4), road.address(5)}
    assert {(r["reason"], r["reply_text"]) for r in desk.rows() if r["state"] == "held"} == {
        ("cannot_render", "a line break in a name"),
        ("cannot_render", "ZeroDivisionError"),
        ("cannot_render", "OverflowError"),
    }


def test_who_leaves_in_the_middle_of_a_batch_gets_nothing(
    app: Flask, desk: Desk, peer: SmtpPeer
) -> None:
    """T2: between one group and the next, inside one claimed batch."""
    road.under_way(10)
    peer.behave(Fault(Stage.DOT, wait=0.3))
    order = sorted(desk.rows(), key=lambda row: row["id"])
    last = order[-1]["subscriber_id"]
    token = road.leave_token(last)

    def leave() -> None:
        with app.app_context():
            links.by_token(token, 1.0)

    leaving = threading.Timer(0.15, leave)
    leaving.start()
    desk.work()
    leaving.join()
    assert len(reached(peer)) == 9
    assert [r["reason"] for r in desk.rows() if r["subscriber_id"] == last] == ["unsubscribed"]


def test_a_worker_that_is_told_to_end_finishes_what_is_in_flight_and_gives_the_rest_back(
    desk: Desk, peer: SmtpPeer
) -> None:
    road.under_way(10)
    peer.behave(Fault(Stage.DOT, wait=0.4))
    told = time.monotonic() + 0.2
    desk.engine.work(10, lambda: time.monotonic() > told, lambda: None)
    assert desk.states() == {"accepted": CONNECTIONS, "pending": 10 - CONNECTIONS}
    assert len(reached(peer)) == CONNECTIONS


def test_others_are_called_when_a_claim_comes_back_full(desk: Desk) -> None:
    road.under_way(10)
    calls: list[None] = []
    desk.engine.work(10, lambda: False, lambda: calls.append(None))
    assert len(calls) == 1


def test_a_deadlock_is_asked_again_cleanly(
    desk: Desk, peer: SmtpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    road.under_way(10)
    deadlock = Said("DO $$ BEGIN RAISE deadlock_detected; END $$", {})
    failing, met = [deadlock], []

    def deadlock_once(connection: psycopg.Connection, said: list[Said]) -> list[list[Row]]:
        try:
            return transact(connection, [*said, failing.pop()] if failing else said)
        except DeadlockDetected as error:
            met.append(error)
            raise

    monkeypatch.setattr("mailing.deliveries.gate.transact", deadlock_once)
    desk.work()
    assert len(met) == 1
    assert reached(peer) == ALL


def test_no_dot_follows_a_seal_that_failed(
    desk: Desk,
    hire: Callable[[], Desk],
    peer: SmtpPeer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    road.under_way(10)

    def broken(*_: Any) -> None:
        raise psycopg.OperationalError("the connection is gone")

    with monkeypatch.context() as patch:
        patch.setattr("worker.engine.seal", broken)
        with pytest.raises(psycopg.OperationalError):
            desk.work()
        desk.engine.die(tells=False)
    assert peer.records.finished == []
    assert set(desk.states()) <= {"open", "claimed", "pending"}
    sweep_and_go_on(desk, hire, peer, settings)


def test_no_dot_is_written_that_the_journal_cannot_tell_of(
    desk: Desk, hire: Callable[[], Desk], peer: SmtpPeer, settings: Settings
) -> None:
    """The disk is full: what was answered is kept, and nothing else leaves."""
    road.under_way(10)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, desk.life.journal._file)
    os.close(full)
    with pytest.raises(OSError, match="No space left"):
        desk.work()
    desk.engine.die(tells=True)
    assert peer.records.finished == []
    sweep_and_go_on(desk, hire, peer, settings)


def test_what_has_its_dot_when_the_process_ends_keeps_its_answer(
    desk: Desk,
    hire: Callable[[], Desk],
    peer: SmtpPeer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    road.under_way(10)
    peer.behave(Fault(Stage.DOT, wait=0.3))
    dots, groups = desk.life.journal.dots, list[list[Dot]]()

    def one_group(told: Iterable[Dot]) -> None:
        if groups:
            raise OSError("no space left")
        groups.append(list(told))
        dots(groups[0])

    monkeypatch.setattr(desk.life.journal, "dots", one_group)
    with pytest.raises(OSError, match="no space left"):
        desk.work()
    desk.engine.die(tells=True)
    assert 0 < len(groups[0]) < 10
    assert len(peer.accepted) == len(groups[0])
    assert desk.states()["accepted"] == len(groups[0])
    peer.heal()
    sweep_and_go_on(desk, hire, peer, settings)


def sweep_and_go_on(
    desk: Desk, hire: Callable[[], Desk], peer: SmtpPeer, settings: Settings
) -> None:
    """Settle what the dead engine left, as it was left by a dead process, and send the rest."""
    desk.settle(settings)
    hire().work()
    assert reached(peer) == ALL
    assert desk.states() == {"accepted": 10}


def test_many_tasks_leave_nothing_open(desk: Desk, settings: Settings) -> None:
    road.under_way(3)
    desk.work()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        desk.work()
    assert len(os.listdir("/proc/self/fd")) == before
    with psycopg.connect(desk.database.info.dsn, password=desk.database.info.password) as other:
        idle = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()"
        )
        assert other.execute(idle).fetchone() == (0,)


def test_an_address_that_does_not_exist_is_suppressed_and_the_words_are_kept(
    desk: Desk, peer: SmtpPeer
) -> None:
    """A refusal of policy (5.7.1) blames nobody's address."""
    road.under_way(10)
    peer.behave(Fault(Stage.RCPT, code=550, text="5.1.1 no such mailbox", times=2))
    peer.behave(Fault(Stage.RCPT, code=550, text="5.7.1 not today", skip=2, times=3))
    desk.work()
    assert desk.states() == {"accepted": 5, "refused": 5}
    rows = desk.database.execute(
        "SELECT d.reply_text, x.reason, x.detail FROM deliveries d "
        "JOIN subscribers s ON s.id = d.subscriber_id "
        "JOIN suppressions x ON x.digest = s.digest"
    ).fetchall()
    assert rows == [("5.1.1 no such mailbox", "bounce", "550 5.1.1")] * 2
