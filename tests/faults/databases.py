"""Faults of PostgreSQL, and of the way there."""

import os
import signal
import time

from console.daemons import is_running
from tests import road
from tests.faults.ground import Ground
from tests.faults.strike import Blow, Standing
from tests.faults.watch import Watch
from tests.peers.leg import Loss
from tests.peers.proxy import Proxy

AWAY_SECONDS = 1.0
STALL_SECONDS = 2.0
LOSSES = 2


def restart(ground: Ground, _watch: Watch | None = None) -> int:
    """An immediate stop, which is a crash to everybody, and a start on the same port."""
    pid_file = ground.cluster.directory / "postmaster.pid"
    told = pid_file.read_text()
    pid = int(told.splitlines()[0])
    os.kill(pid, signal.SIGQUIT)
    # The process itself: its file is gone a moment before it is.
    road.wait_for(lambda: not is_running(pid, ground.cluster.directory))
    # A server that crashed leaves this file, and with it the port that it is found at again.
    pid_file.write_text(told)
    ground.cluster.start()
    return int(pid_file.read_text().splitlines()[0] != told.splitlines()[0])


def cut(ground: Ground, _watch: Watch) -> int:
    """Every connection of the workers breaks, and nobody gets through for a second."""
    before = ground.workers_way.happened["refused"]
    ground.workers_way.refuse()
    broken = ground.workers_way.cut()
    time.sleep(AWAY_SECONDS)
    road.wait_for(lambda: ground.workers_way.happened["refused"] > before)
    ground.workers_way.heal()
    return broken


def lose_requests(ground: Ground, watch: Watch) -> int:
    """Requests of the workers are lost before the commit that they ask for."""
    return _lose(ground.workers_way, watch, Loss.before_the_commit(), "request_lost")


def lose_replies(ground: Ground, watch: Watch) -> int:
    """It is committed, and the worker is not told."""
    return _lose(ground.workers_way, watch, Loss.after_the_commit(), "reply_lost")


def stall(ground: Ground, _watch: Watch) -> int:
    """Nothing is carried between workers and PostgreSQL for a while."""
    stalled = ground.workers_way.stall(STALL_SECONDS)
    time.sleep(STALL_SECONDS)
    return stalled


def _lose(way: Proxy, watch: Watch, loss: Loss, name: str) -> int:
    before = way.happened[name]
    for _ in range(LOSSES):
        way.lose(loss)
        road.wait_for(lambda: not way.has_losses or watch.is_done)
    way.heal()
    return way.happened[name] - before


def _lose_the_webs_replies(ground: Ground) -> None:
    ground.webs_way.lose(*[Loss.after_the_commit()] * 5, *[Loss.before_the_commit()] * 5)


def _lost_by_the_web(ground: Ground) -> int:
    return min(ground.webs_way.happened[name] for name in ("reply_lost", "request_lost"))


STRIKES = (
    Blow("PostgreSQL stops at once and starts again", restart),
    Blow("every connection to PostgreSQL breaks", cut),
    Blow("requests are lost before the commit", lose_requests),
    Blow("replies are lost after the commit", lose_replies),
    Blow("PostgreSQL is not heard for a while", stall),
    Standing("those who leave lose their commits", _lose_the_webs_replies, _lost_by_the_web),
)
