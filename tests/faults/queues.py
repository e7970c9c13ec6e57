"""Faults of the queue and of those who ring."""

import os
import signal
import subprocess
import sys
import time

import redis

from mailing.base.jobs import SEND, SWEEP, queue_of, ring_now
from mailing.base.settings import ROOT
from tests import road
from tests.faults.ground import Ground
from tests.faults.strike import Blow
from tests.faults.watch import Watch

AWAY_SECONDS = 1.0
RINGS = 50


def flush(ground: Ground, _watch: Watch | None = None) -> int:
    """The queue forgets everything; how many keys."""
    with redis.Redis.from_url(ground.valkey.url()) as client:
        keys = int(client.dbsize())
        client.flushall()
    return keys


def kill(ground: Ground, _watch: Watch) -> int:
    """The queue is killed, away for a second, and back."""
    pid = ground.queue_pid()
    os.kill(pid, signal.SIGKILL)
    road.wait_for(lambda: not ground.valkey.is_running())
    time.sleep(AWAY_SECONDS)
    ground.valkey.start()
    return int(ground.queue_pid() != pid)


def ring_too_often(ground: Ground, _watch: Watch) -> int:
    """Every wake-up comes fifty times; how many stood in the queue at once."""
    queue = queue_of(ground.app)
    for _ in range(RINGS):
        ring_now(queue, SEND, {})
        ring_now(queue, SWEEP, {})
    return waiting(ground)


def waiting(ground: Ground) -> int:
    """How many wake-ups stand in the queue."""
    with redis.Redis.from_url(ground.valkey.url()) as client:
        lists = client.scan_iter("*", _type="list")
        return max((int(client.llen(key)) for key in lists), default=0)


class TwoBeats:
    """Two schedulers ring for the sweeps of one installation."""

    name = "two beats ring"

    def prepare(self, ground: Ground) -> None:
        """Start both, each with a schedule of its own."""
        self._places = [ground.place / f"beat{one}-{ground.rounds}" for one in range(2)]
        self._beats = [
            subprocess.Popen(
                [sys.executable, "-m", "worker.beat"],
                cwd=ROOT,
                env=os.environ | ground.environment | {"KELISIM_VAR": str(place)},
                stderr=subprocess.DEVNULL,
            )
            for place in self._places
        ]

    def hit(self, ground: Ground, _watch: Watch) -> None:
        """Wait until both tick."""
        road.wait_for(lambda: all((place / "beat.alive").exists() for place in self._places))

    def proof(self, ground: Ground) -> int:
        """How many were still at it at the end; 0 where one was not."""
        alive = [beat for beat in self._beats if beat.poll() is None]
        return len(alive) if len(alive) == len(self._beats) else 0

    def relax(self, _ground: Ground) -> None:
        """End both."""
        for beat in self._beats:
            beat.kill()
            beat.wait()


STRIKES = (
    Blow("the queue is emptied", flush),
    Blow("the queue is killed and comes back", kill),
    Blow("every wake-up comes fifty times", ring_too_often),
    TwoBeats(),
)
