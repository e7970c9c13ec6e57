"""The worker as a process: why it does not start, and how it gets over the loss of its parts."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from flask import Flask

from console.valkey import Valkey
from mailing.base.database import dsn
from mailing.base.settings import ROOT
from mailing.bootstrap import guard
from tests import road
from tests.peers.faults import Fault, Stage
from tests.peers.smtp_peer import SmtpPeer
from tests.worker.conftest import CONNECTIONS

COUNT = 300


@pytest.fixture
def environment(environment: dict[str, str], peer: SmtpPeer) -> dict[str, str]:
    return environment | {
        "KELISIM_SMTP_URL": peer.url,
        "KELISIM_SMTP_CONNECTIONS": str(CONNECTIONS),
        "KELISIM_SEND_BATCH": "50",
    }


def refusal(environment: dict[str, str]) -> tuple[int, str]:
    """Start a worker that must not start; its exit code and its words."""
    done = subprocess.run(
        [sys.executable, "-m", "worker", "--concurrency", "1"],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr.strip()


@pytest.fixture
def forgetful(tmp_path: Path) -> Iterator[str]:
    valkey = Valkey(tmp_path / "valkey", "secret")
    valkey.start()
    with redis.Redis.from_url(valkey.url()) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
    yield valkey.url()
    valkey.stop()


def test_it_does_not_start_on_a_queue_that_may_throw_wake_ups_away(
    app: Flask, environment: dict[str, str], forgetful: str
) -> None:
    code, words = refusal(environment | {"KELISIM_REDIS_URL": forgetful})
    assert code == 3
    assert "set maxmemory-policy to noeviction, not allkeys-lru" in words


def test_it_does_not_start_on_an_older_schema(
    environment: dict[str, str], empty_database_url: str
) -> None:
    code, words = refusal(environment | {"KELISIM_DATABASE_URL": empty_database_url})
    assert code == 3
    assert "kelisim db upgrade" in words


@pytest.mark.parametrize("name", ["KELISIM_SUPPRESSION_KEY", "KELISIM_DATA_KEY"])
def test_it_does_not_start_with_another_installations_key(
    app: Flask, environment: dict[str, str], name: str
) -> None:
    road.subscribe(road.lay(), 1)
    guard()
    code, words = refusal(environment | {name: "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo3ODkwMTI="})
    assert code == 1
    assert words.startswith(name)


def test_it_does_not_start_without_its_database_and_says_so(environment: dict[str, str]) -> None:
    nowhere = "postgresql://nobody:nothing@127.0.0.1:1/none"
    code, words = refusal(environment | {"KELISIM_DATABASE_URL": nowhere})
    assert code == 3
    assert words == "KELISIM_DATABASE_URL: the database does not answer; start it first."


@pytest.fixture
def number(app: Flask) -> int:
    road.subscribe(road.lay(), COUNT)
    return road.campaign()


def test_a_sweeper_that_died_is_replaced(
    number: int, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
) -> None:
    with road.working(environment, tmp_path / "worker.log") as worker:
        first = road.wait_for(lambda: sweepers(worker))[0]
        first.kill()
        road.wait_for(lambda: [one for one in sweepers(worker) if one.pid != first.pid])
        road.start(number)
        done = road.wait_until_done(number)
    assert done["accepted"] == COUNT
    assert sweepers(worker) == []


def test_a_worker_that_is_killed_alone_takes_its_sweeper_with_it(
    app: Flask, environment: dict[str, str], tmp_path: Path
) -> None:
    with road.working(environment, tmp_path / "worker.log") as worker:
        [sweeper] = road.wait_for(lambda: sweepers(worker))
        os.kill(worker.process.pid, signal.SIGKILL)
        worker.process.wait()
        road.wait_for(lambda: not sweeper.is_running() or sweeper.status() == "zombie")
        worker.kill()


def test_a_child_that_is_told_to_end_alone_is_replaced_and_loses_nothing(
    number: int, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
) -> None:
    """One told child must not swallow the wake-ups of the whole worker."""
    peer.behave(Fault(Stage.DOT, wait=0.03))
    with road.working(environment, tmp_path / "worker.log", concurrency=1) as worker:
        road.start(number)
        road.wait_for(lambda: len(peer.accepted) > 20)
        child = sender(worker, peer)
        child.terminate()
        road.wait_for(lambda: not child.is_running())
        middle = road.outcomes(number)
        assert (middle["accepted"] < COUNT, middle["uncertain"]) == (True, 0)
        done = road.wait_until_done(number)
    assert done["accepted"] == len(peer.accepted) == COUNT


def test_a_worker_whose_whole_group_is_told_to_end_leaves_nothing_uncertain(
    number: int, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
) -> None:
    """As a terminal's Ctrl-C or a supervisor does it: parent and children at once."""
    peer.behave(Fault(Stage.DOT, wait=0.05))
    with road.working(environment, tmp_path / "first.log") as worker:
        road.start(number)
        road.wait_for(lambda: len(peer.accepted) > 20)
        os.killpg(worker.process.pid, signal.SIGTERM)
        assert worker.process.wait(120) == 0
    with road.working(environment, tmp_path / "second.log"):
        done = road.wait_until_done(number)
    assert done["accepted"] == len(peer.accepted) == COUNT


def test_a_lost_database_connection_ends_the_child_and_nothing_else(
    number: int, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
) -> None:
    peer.behave(Fault(Stage.DOT, wait=0.03))
    with road.working(environment, tmp_path / "worker.log", concurrency=1) as worker:
        road.start(number)
        road.wait_for(lambda: len(peer.accepted) > 20)
        child = sender(worker, peer)
        cut_every_connection(environment)
        road.wait_for(lambda: not child.is_running())
        done = road.wait_until_done(number)
    assert done["accepted"] == len(peer.accepted) == COUNT
    assert done["uncertain"] == 0, "the answers stood in the send journal"


def sweepers(worker: road.Worker) -> list[psutil.Process]:
    try:
        children = psutil.Process(worker.process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return [one for one in children if is_sweeper(one)]


def is_sweeper(process: psutil.Process) -> bool:
    try:
        return "worker.sweeper" in process.cmdline()
    except psutil.NoSuchProcess:
        return False


def sender(worker: road.Worker, peer: SmtpPeer) -> psutil.Process:
    """The child that talks to the relay."""
    children = psutil.Process(worker.process.pid).children(recursive=True)
    return next(one for one in children if _talks_to(one, peer.port))


def _talks_to(process: psutil.Process, port: int) -> bool:
    return any(c.raddr and c.raddr.port == port for c in process.net_connections("tcp"))


def cut_every_connection(environment: dict[str, str]) -> None:
    with psycopg.connect(dsn(environment["KELISIM_DATABASE_URL"])) as database:
        database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'kelisim worker'"
        )
