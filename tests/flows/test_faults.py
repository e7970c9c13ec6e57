"""Parts that fail in the middle of a campaign: nothing lost, nothing twice, nothing hidden.

Each fault proves that it happened. The last two tests prove that the harness is not blind. Three
that strike in every run of tests/faults, too, are left to the soak here.
"""

import email
import os
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
import redis
from flask import Flask

from console.embedded import Services
from console.postgresql import Cluster
from console.valkey import Valkey
from mailing.base import schema
from mailing.base.database import db, dsn
from mailing.base.jobs import SEND, SWEEP, queue_of, ring_now
from mailing.base.settings import ROOT
from mailing.deliveries import halting, status
from mailing.leaving import links
from tests import road
from tests.peers.faults import Fault, Stage
from tests.peers.records import Received
from tests.peers.smtp_peer import SmtpPeer

BLIND = Path(__file__).parent / "blind"
COUNT = 400
CONNECTIONS = 4
Answers = dict[str, tuple[float, set[str]]]


@pytest.fixture
def peer() -> Iterator[SmtpPeer]:
    with SmtpPeer() as peer:
        yield peer


@pytest.fixture
def environment(environment: dict[str, str], peer: SmtpPeer) -> dict[str, str]:
    return environment | {
        "KELISIM_SMTP_URL": peer.url,
        "KELISIM_SMTP_CONNECTIONS": str(CONNECTIONS),
        "KELISIM_SEND_BATCH": "50",
    }


def people(count: int = COUNT) -> list[UUID]:
    return road.subscribe(road.lay(), count)


def everybody_once(peer: SmtpPeer, count: int = COUNT) -> None:
    reached = Counter(message.recipients[0] for message in peer.accepted)
    assert set(reached.values()) == {1}, [who for who, times in reached.items() if times > 1]
    assert set(reached) == {road.address(number) for number in range(count)}


def broken_promises(messages: list[Received], answers: Answers) -> list[str]:
    """The people whose message was completed after an answer that did not name it."""
    broken = []
    for message in messages:
        at, named = answers.get(message.recipients[0], (float("inf"), set()))
        message_id = str(email.message_from_bytes(message.raw)["Message-ID"]).strip("<>")
        assert message.dot_at is not None
        if message.dot_at > at and message_id not in named:
            broken.append(message.recipients[0])
    return broken


class TestWithServicesOfItsOwn:
    """PostgreSQL and Valkey that may be killed, since nobody else is on them."""

    @pytest.fixture
    def cluster(self, tmp_path: Path) -> Iterator[Cluster]:
        cluster = Cluster(tmp_path / "own" / "data", "secret")
        cluster.directory.parent.mkdir()
        cluster.directory.parent.chmod(0o755)
        cluster.start()
        yield cluster
        cluster.stop()

    @pytest.fixture
    def valkey(self, tmp_path: Path) -> Iterator[Valkey]:
        valkey = Valkey(tmp_path / "valkey", "secret")
        valkey.start()
        yield valkey
        valkey.stop()

    @pytest.fixture
    def services(self, cluster: Cluster, valkey: Valkey) -> Services:
        return Services(cluster.url(), valkey.url())

    @pytest.fixture
    def database_url(self, cluster: Cluster) -> str:
        schema.upgrade(cluster.url())
        return cluster.url()

    @pytest.mark.soak
    def test_postgresql_restarts_at_once_in_the_middle(
        self, app: Flask, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
    ) -> None:
        people()
        number = road.campaign()
        peer.behave(Fault(Stage.DOT, wait=0.03))
        with road.working(environment, tmp_path / "worker.log"):
            road.start(number)
            road.wait_for(lambda: len(peer.accepted) > 50)
            db.session.remove()
            crash(environment["KELISIM_DATABASE_URL"])
            assert len(peer.accepted) < COUNT
            road.wait_for(lambda: _answers(environment["KELISIM_DATABASE_URL"]))
            db.engine.dispose()
            done = road.wait_until_done(number)
        everybody_once(peer)
        assert done["accepted"] == COUNT, "the answers stood in the send journal"

    @pytest.mark.soak
    def test_the_queue_is_emptied_and_then_killed_in_the_middle(
        self,
        app: Flask,
        environment: dict[str, str],
        peer: SmtpPeer,
        valkey: Valkey,
        tmp_path: Path,
    ) -> None:
        """T46: the queue only wakes; the sweep finds what nobody was rung for."""
        people()
        first, second = road.campaign(), road.campaign()
        peer.behave(Fault(Stage.DOT, wait=0.03))
        with road.working(environment, tmp_path / "worker.log"):
            road.start(first)
            road.wait_for(lambda: len(peer.accepted) > 50)
            with redis.Redis.from_url(valkey.url()) as client:
                client.flushall()
            road.start(second)
            pid, port = valkey._process()
            os.kill(pid, signal.SIGKILL)
            road.wait_for(lambda: not valkey.is_running())
            assert len(peer.accepted) < 2 * COUNT
            time.sleep(1)
            valkey._serve(port)
            done = [road.wait_until_done(first), road.wait_until_done(second)]
        assert [told["accepted"] for told in done] == [COUNT, COUNT]
        assert Counter(m.recipients[0] for m in peer.accepted).most_common(1)[0][1] == 2
        assert len(peer.accepted) == 2 * COUNT


def crash(database_url: str) -> None:
    """Kill one backend: PostgreSQL throws everybody out and recovers, on the same port."""
    with psycopg.connect(dsn(database_url)) as database:
        os.kill(database.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            database.execute("SELECT 1")


def _answers(database_url: str) -> bool:
    try:
        psycopg.connect(dsn(database_url)).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.soak
def test_wake_ups_that_are_doubled_and_two_beats_change_nothing(
    app: Flask, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
) -> None:
    """T44: two schedulers, one campaign."""
    people()
    number = road.campaign()
    queue = queue_of(app)
    beats = [
        subprocess.Popen(
            [sys.executable, "-m", "worker.beat"],
            cwd=ROOT,
            env=os.environ | environment | {"KELISIM_VAR": str(tmp_path / f"beat{one}")},
        )
        for one in range(2)
    ]
    try:
        with road.working(environment, tmp_path / "worker.log"):
            road.start(number)
            for _ in range(30):
                ring_now(queue, SEND, {})
                ring_now(queue, SWEEP, {})
            done = road.wait_until_done(number)
    finally:
        for beat in beats:
            beat.terminate()
            beat.wait(90)
    everybody_once(peer)
    assert done["accepted"] == COUNT


def test_the_figures_add_up_at_every_moment_and_a_stop_stops_within_two_seconds(
    app: Flask, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
) -> None:
    """T50: what the stop says was out is what the relay has, to the message."""
    people()
    number = road.campaign()
    peer.behave(Fault(Stage.DOT, wait=0.02), Fault(Stage.RCPT, code=550, times=5))
    seen: list[dict[str, Any]] = []
    over = threading.Event()

    def watch() -> None:
        with app.app_context():
            while not over.is_set():
                seen.append(road.outcomes(number))
            db.session.remove()

    watcher = threading.Thread(target=watch)
    watcher.start()
    with road.working(environment, tmp_path / "worker.log"):
        road.start(number)
        road.wait_for(lambda: len(peer.accepted) > 100)
        began = time.monotonic()
        counted = halting.stop(number, road.ACTOR)
        db.session.commit()
        stopped_at = time.monotonic()
        road.wait_until_settled(environment)
    over.set()
    watcher.join()
    assert stopped_at - began < 2
    assert counted.out + counted.stopped == COUNT
    told = road.outcomes(number)
    assert told["accepted"] == len(peer.accepted)
    assert told["held"] == {"campaign_stopped": counted.stopped}
    assert counted.out == len(peer.accepted) + told["refused"]
    assert all((one.dot_at or 0) < stopped_at + 2 for one in peer.accepted)
    assert len(seen) > 10, "road.outcomes checks the sum each time"


def test_a_relay_that_is_down_at_the_start_is_named_and_costs_nobody_an_attempt(
    app: Flask, environment: dict[str, str], tmp_path: Path
) -> None:
    people(50)
    number = road.campaign()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    environment = environment | {"KELISIM_SMTP_URL": f"smtp://127.0.0.1:{port}"}
    with road.working(environment, tmp_path / "worker.log"):
        road.start(number)
        refused = f"the mail relay: 127.0.0.1:{port}: connection refused"
        road.wait_for(lambda: status.status(number)["waiting_for"] == refused)
        told = road.outcomes(number)
        assert told["pending"] + told["sending"] == 50, told
        with relay_at(port, tmp_path) as log:
            done = road.wait_until_done(number)
    assert done["accepted"] == 50
    assert log().count('"event": "dot"') == 50
    assert db.session.scalar(db.text("SELECT max(attempts) FROM deliveries")) == 1


class relay_at:
    """A relay that comes up on a given port."""

    def __init__(self, port: int, place: Path) -> None:
        self._log = place / "relay" / "log.jsonl"
        command = [sys.executable, "-m", "tests.peers.smtp_peer", "--port", str(port)]
        command += ["--no-eml", "--dir", str(place / "relay")]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)

    def __enter__(self) -> Callable[[], str]:
        assert self._process.stdout is not None
        self._process.stdout.readline()
        return self._log.read_text

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()


def late_fan_out(app: Flask, number: int, ids: list[UUID], leaving: range) -> Answers:
    """Start a campaign, and let people leave whose deliveries are not yet written."""
    road.start(number)
    answers: Answers = {}
    for one in leaving:
        receipt = links.by_token(road.leave_token(ids[one]), 1.0)
        assert receipt is not None
        assert receipt.in_flight == []
        answers[road.address(one)] = (time.monotonic(), set())
    return answers


def test_who_leaves_before_their_delivery_is_written_gets_nothing(
    app: Flask, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
) -> None:
    """T1: the audience is frozen, the yes is not."""
    ids = people(60)
    number = road.campaign()
    answers = late_fan_out(app, number, ids, range(0, 60, 6))
    with road.working(environment, tmp_path / "worker.log"):
        done = road.wait_until_done(number)
    assert broken_promises(peer.accepted, answers) == []
    assert (done["accepted"], done["held"]) == (50, {"unsubscribed": 10})


def test_with_a_gate_that_allows_everything_the_same_people_are_mailed(
    app: Flask, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
) -> None:
    """The harness is not blind: without the gate the test above fails."""
    ids = people(60)
    number = road.campaign()
    answers = late_fan_out(app, number, ids, range(0, 60, 6))
    blind = environment | {"PYTHONPATH": f"{BLIND}:{ROOT}"}
    with road.working(blind, tmp_path / "worker.log"):
        road.wait_until_done(number)
    assert sorted(broken_promises(peer.accepted, answers)) == sorted(answers)


def test_a_naive_sender_in_the_same_harness_breaks_the_promise(app: Flask, peer: SmtpPeer) -> None:
    """Read the list, then send to it, as most do (peers.md): the check has to notice."""
    ids = people(40)
    answers: Answers = {}
    listed = [road.address(number) for number in range(40)]
    with smtplib.SMTP("127.0.0.1", peer.port) as relay:
        for number, recipient in enumerate(listed):
            if number == 10:
                assert links.by_token(road.leave_token(ids[30]), 1.0) is not None
                answers[road.address(30)] = (time.monotonic(), set())
            message = f"Message-ID: <{number}@naive.example>\r\n\r\nHello\r\n"
            relay.sendmail("news@naive.example", [recipient], message)
    assert broken_promises(peer.accepted, answers) == [road.address(30)]
