"""Three real processes under one limit, while Redis and they themselves are killed.

Each writes down when a message passed, by the machine's one monotonic clock. No window may hold
more than the limit promises; and messages must go on passing, whatever is away.
"""

import array
import multiprocessing
import os
import signal
import struct
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import redis
from flask import Flask

from console.valkey import Valkey
from mailing.base.settings import Settings
from mailing.deliveries.pace import Pace
from mailing.deliveries.pacing.limit import Limit
from mailing.deliveries.queue import Claim
from tests import road
from tests.deliveries.test_pace_bucket import excess
from worker.process import connect

RATE = 200.0
LIMIT = Limit.of("all", RATE)
_SPAWN = multiprocessing.get_context("spawn")


def send(settings: Settings, file: Path) -> None:
    """What a sending process does with its pace, without sending: until it is killed."""
    pace = Pace(settings, _named(settings))
    waiting: deque[Claim] = deque()
    log = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    while True:
        waiting.extend(_claim() for _ in range(100 - len(waiting)))
        going, _ = pace.pick(waiting, 10)
        os.write(log, struct.pack("d", time.monotonic()) * len(going))
        time.sleep(min(pace.wait(), 0.05))


def _named(settings: Settings) -> psycopg.Connection:
    database = connect(settings)
    database.execute("SELECT set_config('application_name', %s, false)", [f"pace {os.getpid()}"])
    return database


def _claim() -> Claim:
    return Claim(uuid4(), 1, "campaign", 1, uuid4())


@dataclass
class Fleet:
    """The processes, and what passed."""

    settings: Settings
    directory: Path
    processes: list[BaseProcess] = field(default_factory=list)

    def start(self, settings: Settings | None = None) -> BaseProcess:
        file = self.directory / f"{len(self.processes)}.passed"
        process = _SPAWN.Process(target=send, args=(settings or self.settings, file))
        process.start()
        self.processes.append(process)
        return process

    def kill(self, process: BaseProcess) -> None:
        assert process.pid is not None
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.join(10)

    def passed(self, *numbers: int) -> list[float]:
        """When messages passed: of all processes, or of these."""
        found = array.array("d")
        for number in numbers or range(len(self.processes)):
            file = self.directory / f"{number}.passed"
            found.frombytes(file.read_bytes() if file.exists() else b"")
        return list(found)

    def goes_on(self, by: int = 100) -> None:
        """Wait until so many more have passed."""
        wanted = len(self.passed()) + by
        road.wait_for(lambda: len(self.passed()) >= wanted, 60)

    def alone(self) -> BaseProcess | None:
        """The process that paces alone, as the database sees it."""
        query = (
            "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid) "
            "WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted "
            "AND datname = current_database()"
        )
        with connect(self.settings) as database:
            names = {str(row[0]) for row in database.execute(query)}
        found = [one for one in self.processes if f"pace {one.pid}" in names]
        assert len(found) <= 1
        return found[0] if found else None


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    valkey = Valkey(tmp_path / "valkey", "secret")
    valkey.start()
    yield valkey
    valkey.stop()


@pytest.fixture
def fleet(app: Flask, settings: Settings, valkey: Valkey, tmp_path: Path) -> Iterator[Fleet]:
    own = settings.model_copy(update={"redis_url": valkey.url(), "rate": RATE})
    fleet = Fleet(own, tmp_path)
    yield fleet
    for process in fleet.processes:
        fleet.kill(process)


def server_pid(valkey: Valkey) -> int:
    with redis.Redis.from_url(valkey.url()) as server:
        return int(str(server.info("server")["process_id"]))


def level_is_kept(valkey: Valkey) -> bool:
    with suppress(redis.RedisError), redis.Redis.from_url(valkey.url()) as server:
        return server.dbsize() == 1
    return False


def test_three_processes_keep_one_limit_through_everything(fleet: Fleet, valkey: Valkey) -> None:
    for _ in range(3):
        fleet.start()
    fleet.goes_on()
    road.wait_for(lambda: all(fleet.passed(number) for number in range(3)))
    _flush(fleet, valkey)
    _hang(fleet, valkey)
    _kill(fleet, valkey)
    assert excess(LIMIT, fleet.passed()) == 0


def _flush(fleet: Fleet, valkey: Valkey) -> None:
    for _ in range(5):
        assert level_is_kept(valkey)
        with redis.Redis.from_url(valkey.url()) as server:
            server.flushall()
        fleet.goes_on(40)


def _hang(fleet: Fleet, valkey: Valkey) -> None:
    pid = server_pid(valkey)
    os.kill(pid, signal.SIGSTOP)
    try:
        road.wait_for(fleet.alone)
        fleet.goes_on()
        with pytest.raises(redis.TimeoutError):
            redis.Redis.from_url(valkey.url(), socket_timeout=0.2, retry=None).ping()
    finally:
        os.kill(pid, signal.SIGCONT)
    road.wait_for(lambda: fleet.alone() is None)
    fleet.goes_on()


def _kill(fleet: Fleet, valkey: Valkey) -> None:
    """Redis, then the process that paces alone, then the one that follows it."""
    os.kill(server_pid(valkey), signal.SIGKILL)
    road.wait_for(lambda: not valkey.is_running())
    for _ in range(2):
        alone = road.wait_for(fleet.alone)
        fleet.goes_on()
        fleet.kill(alone)
        fleet.start()
    fleet.goes_on()
    assert not valkey.is_running()
    valkey.start()
    road.wait_for(lambda: level_is_kept(valkey) and fleet.alone() is None)
    fleet.goes_on()


def test_processes_that_knew_nothing_of_each_other_would_be_found_out(fleet: Fleet) -> None:
    """The judge is not blind: with a bucket for each, three times as many pass."""
    for corner in ("one:", "two:", "three:"):
        fleet.start(fleet.settings.model_copy(update={"queue_prefix": corner}))
    fleet.goes_on()
    road.wait_for(lambda: all(fleet.passed(number) for number in range(3)))
    fleet.goes_on(900)
    assert all(excess(LIMIT, fleet.passed(number)) == 0 for number in range(3))
    assert excess(LIMIT, fleet.passed()) > 0
