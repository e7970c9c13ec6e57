"""Crashes: a worker killed in the middle loses nothing, doubles nothing, and says what it knows."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from flask import Flask

from tests import road
from tests.peers.faults import Cut, Fault, Stage
from tests.peers.smtp_peer import SmtpPeer

COUNT = 600
CONNECTIONS = 8
# Until it is healed: what strikes in the middle strikes in the middle on any machine.
SLOW = Fault(Stage.DOT, wait=0.2)


@pytest.fixture
def peer() -> Iterator[SmtpPeer]:
    with SmtpPeer() as peer:
        yield peer


@pytest.fixture
def environment(environment: dict[str, str], peer: SmtpPeer) -> dict[str, str]:
    return environment | {
        "KELISIM_SMTP_URL": peer.url,
        "KELISIM_SMTP_CONNECTIONS": str(CONNECTIONS),
        "KELISIM_SEND_BATCH": "100",
    }


Hire = Callable[..., road.Worker]


@pytest.fixture
def hire(environment: dict[str, str], tmp_path: Path) -> Iterator[Hire]:
    """Workers that may be killed, and are gone after the test whatever became of it."""
    hired: list[road.Worker] = []

    def one(concurrency: int = 2) -> road.Worker:
        log = tmp_path / f"worker{len(hired)}.log"
        hired.append(road.Worker(environment, log, concurrency))
        return hired[-1]

    yield one
    for worker in hired:
        worker.kill()


@pytest.fixture
def number(app: Flask) -> int:
    road.subscribe(road.lay(), COUNT)
    return road.campaign()


def nobody_twice(peer: SmtpPeer) -> set[str]:
    reached = Counter(message.recipients[0] for message in peer.accepted)
    assert set(reached.values()) <= {1}, [who for who, times in reached.items() if times > 1]
    return set(reached)


def test_a_killed_worker_is_followed_by_another_without_a_double_or_a_loss(
    number: int, environment: dict[str, str], peer: SmtpPeer, hire: Hire, tmp_path: Path
) -> None:
    """T48: killed in the middle, the count is exact, and what is not known says so."""
    peer.behave(SLOW)
    first = hire()
    road.start(number)
    road.wait_for(lambda: len(peer.accepted) > 100)
    first.kill()
    at_the_kill = len(peer.accepted)
    assert at_the_kill < COUNT
    peer.heal()
    with road.working(environment, tmp_path / "second.log"):
        done = road.wait_until_done(number)
    reached = nobody_twice(peer)
    assert done["uncertain"] <= 2 * CONNECTIONS
    assert done["accepted"] + done["uncertain"] == COUNT
    assert COUNT - done["uncertain"] <= len(reached) <= COUNT


def test_a_killed_child_is_replaced_and_its_work_goes_on(
    number: int, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
) -> None:
    peer.behave(SLOW)
    with road.working(environment, tmp_path / "worker.log") as worker:
        road.start(number)
        road.wait_for(lambda: len(peer.accepted) > 100)
        children = psutil.Process(worker.process.pid).children(recursive=True)
        senders = [child for child in children if child.net_connections("tcp")]
        victim = next(c for c in senders if _is_connected(c, peer.port))
        os.kill(victim.pid, signal.SIGKILL)
        peer.heal()
        done = road.wait_until_done(number)
    reached = nobody_twice(peer)
    assert done["uncertain"] <= CONNECTIONS
    assert done["accepted"] + done["uncertain"] == COUNT
    assert len(reached) >= COUNT - done["uncertain"]


def test_a_worker_that_is_told_to_end_leaves_nothing_uncertain(
    number: int, environment: dict[str, str], peer: SmtpPeer, hire: Hire, tmp_path: Path
) -> None:
    peer.behave(SLOW)
    first = hire()
    road.start(number)
    road.wait_for(lambda: len(peer.accepted) > 50)
    assert first.end() == 0
    road.wait_until_settled(environment)
    middle = road.outcomes(number)
    assert middle["uncertain"] == 0
    assert middle["accepted"] == len(peer.accepted) < COUNT
    peer.heal()
    with road.working(environment, tmp_path / "second.log"):
        done = road.wait_until_done(number)
    assert done["accepted"] == len(nobody_twice(peer)) == COUNT


def test_a_frozen_worker_is_not_taken_for_dead(
    number: int, environment: dict[str, str], peer: SmtpPeer, hire: Hire, tmp_path: Path
) -> None:
    """Suspicion is no proof: only the kernel's lock says that a process has ended."""
    peer.behave(SLOW)
    first = hire(concurrency=1)
    road.start(number)
    road.wait_for(lambda: len(peer.accepted) > 50)
    frozen = [psutil.Process(first.process.pid)]
    frozen += frozen[0].children(recursive=True)
    for process in frozen:
        process.suspend()
    in_work = road.outcomes(number)["sending"]
    assert in_work > 0
    peer.heal()
    with road.working(environment, tmp_path / "second.log"):
        road.wait_for(lambda: road.outcomes(number)["pending"] == 0)
        time.sleep(2)
        held_up = road.outcomes(number)
        assert held_up["state"] == "sending"
        assert held_up["sending"] == in_work
        for process in reversed(frozen):
            process.resume()
        done = road.wait_until_done(number)
        first.end()
    assert done["accepted"] == len(nobody_twice(peer)) == COUNT


def test_the_relays_lost_answers_are_uncertain_until_a_person_decides(
    number: int, environment: dict[str, str], peer: SmtpPeer, app: Flask, tmp_path: Path
) -> None:
    """T49: accepted, and the answer lost: never resent by itself."""
    peer.behave(Fault(Stage.DOT, cut=Cut.AFTER, times=5))
    with road.working(environment, tmp_path / "worker.log"):
        road.start(number)
        done = road.wait_until_done(number)
    assert done["uncertain"] == 5
    assert done["accepted"] == COUNT - 5
    assert len(nobody_twice(peer)) == COUNT


def _is_connected(process: psutil.Process, port: int) -> bool:
    return any(c.raddr and c.raddr.port == port for c in process.net_connections("tcp"))
