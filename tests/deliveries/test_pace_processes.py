"""Three real processes under one limit, while Redis and they themselves are killed.

Each writes down when a message passed, by the machine's one monotonic clock. No window may hold
more than the limit promises; and messages must go on passing, whatever is away.
"""

import array
import multiprocessing
import os
import random
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

LIMIT = Limit.of("all", 200.0)
EACH_CAMPAIGN = Limit.of("each campaign", 120.0)
CAMPAIGNS = (1, 2)
_SPAWN = multiprocessing.get_context("spawn")


def send(settings: Settings, file: Path) -> None:
    """What a sending process does with its pace, without sending: until it is killed."""
    pace = Pace(settings, _named(settings))
    waiting: deque[Claim] = deque()
    log = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    while True:
        waiting.extend(_claim(number) for number in CAMPAIGNS for _ in range(60 - len(waiting)))
        going, _ = pace.pick(waiting, 10)
        now = time.monotonic()
        os.write(log, b"".join(struct.pack("dd", now, claim.campaign_id) for claim in going))
        time.sleep(min(pace.wait(), 0.05))


def _named(settings: Settings) -> psycopg.Connection:
    database = connect(settings)
    database.execute("SELECT set_config('application_name', %s, false)", [f"pace {os.getpid()}"])
    return database


def _claim(campaign: int) -> Claim:
    return Claim(uuid4(), 1, "campaign", campaign, uuid4(), 1, 1)


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
        process.join(90)

    def passed(self, *numbers: int, campaigns: tuple[int, ...] = CAMPAIGNS) -> list[float]:
        """When messages of these campaigns passed: of all processes, or of these."""
        found = array.array("d")
        for number in numbers or range(len(self.processes)):
            file = self.directory / f"{number}.passed"
            octets = file.read_bytes() if file.exists() else b""
            # A message is written down in one go; whoever reads may come in between.
            found.frombytes(octets[: len(octets) // 16 * 16])
        return [
            at
            for at, campaign in zip(found[::2], found[1::2], strict=True)
            if campaign in campaigns
        ]

    def goes_on(self, by: int = 100) -> None:
        """Wait until so many more have passed."""
        wanted = len(self.passed()) + by
        road.wait_for(lambda: len(self.passed()) >= wanted, 120)

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
    limits = {"rate": LIMIT.rate, "campaign_rate": EACH_CAMPAIGN.rate}
    own = settings.model_copy(update={"redis_url": valkey.url(), **limits})
    fleet = Fleet(own, tmp_path)
    yield fleet
    for process in fleet.processes:
        fleet.kill(process)


def server_pid(valkey: Valkey) -> int:
    with redis.Redis.from_url(valkey.url()) as server:
        return int(str(server.info("server")["process_id"]))


def is_used(fleet: Fleet, valkey: Valkey) -> bool:
    """Whether there is a bucket in Redis."""
    with suppress(redis.RedisError), redis.Redis.from_url(valkey.url()) as server:
        return bool(server.exists(f"{fleet.settings.queue_prefix}pace:all"))
    return False


def test_three_processes_keep_the_limits_through_everything(fleet: Fleet, valkey: Valkey) -> None:
    _begin(fleet)
    _flush(fleet, valkey)
    _hang(fleet, valkey)
    _kill(fleet, valkey)
    _judge(fleet)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_they_keep_them_for_long(fleet: Fleet, valkey: Valkey) -> None:
    _begin(fleet)
    dice = random.Random(5)
    for _ in range(25):
        dice.choice([_flush, _hang, _kill])(fleet, valkey)
    _judge(fleet)


def _begin(fleet: Fleet) -> None:
    for _ in range(3):
        fleet.start()
    road.wait_for(lambda: all(fleet.passed(number) for number in range(3)))
    fleet.goes_on()


def _judge(fleet: Fleet) -> None:
    assert excess(LIMIT, fleet.passed()) == 0
    for campaign in CAMPAIGNS:
        assert excess(EACH_CAMPAIGN, fleet.passed(campaigns=(campaign,))) == 0


def _flush(fleet: Fleet, valkey: Valkey) -> None:
    for _ in range(5):
        # A process that got no answer in time paces alone for a moment.
        road.wait_for(lambda: is_used(fleet, valkey))
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
    road.wait_for(lambda: is_used(fleet, valkey) and fleet.alone() is None)
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
