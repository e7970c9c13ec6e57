"""Faults of processes: killed, frozen, replaced."""

import os
import signal
import time

import psutil

from tests import road
from tests.faults.ground import Ground
from tests.faults.strike import Blow
from tests.faults.watch import Watch

# Longer than a sweep takes to look at every sending process.
FROZEN_SECONDS = 1.5


def kill_a_child(ground: Ground, _watch: Watch) -> int:
    """SIGKILL to a sending process in the middle of its messages."""
    victim = road.wait_for(ground.senders)[0]
    os.kill(victim.pid, signal.SIGKILL)
    road.wait_for(lambda: has_ended(victim))
    return 1


def kill_the_worker(ground: Ground, _watch: Watch) -> int:
    """SIGKILL to worker, children and sweeper at once; another worker takes over."""
    worker = ground.hire()
    worker.kill()
    ground.hire()
    return int(worker.process.returncode == -signal.SIGKILL)


def freeze_a_child(ground: Ground, watch: Watch) -> int:
    """SIGSTOP: what it holds stays its own until the kernel says that it has ended."""
    frozen = road.wait_for(ground.senders)[0]
    frozen.suspend()
    road.wait_for(lambda: frozen.status() == psutil.STATUS_STOPPED)
    time.sleep(FROZEN_SECONDS)
    is_kept = frozen.status() == psutil.STATUS_STOPPED and watch.state == "sending"
    frozen.resume()
    return int(is_kept)


def has_ended(process: psutil.Process) -> bool:
    """Whether a process is gone, waited for or not."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


STRIKES = (
    Blow("a sending process is killed", kill_a_child),
    Blow("the whole worker is killed and another takes over", kill_the_worker),
    Blow("a sending process is frozen for longer than a sweep", freeze_a_child),
)
