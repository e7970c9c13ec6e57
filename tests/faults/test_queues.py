"""The queue only wakes: nothing depends on what is in it, and one that forgets is refused."""

import os
import subprocess
import sys

import pytest
import redis

from mailing.base.settings import ROOT
from tests.faults import queues
from tests.faults.crowd import Crowd
from tests.faults.ground import Ground
from tests.faults.round import fight

pytestmark = pytest.mark.xdist_group("more faults")


def test_the_promise_holds_when_every_wake_up_is_lost(ground: Ground) -> None:
    """T46: nobody was rung for, and the sweep finds them."""

    def lose(ground: Ground, _crowd: Crowd) -> None:
        assert queues.waiting(ground) > 0
        queues.flush(ground)
        ground.hire()

    ground.dismiss()
    fight(ground, opening=lose).demand()


def test_no_worker_starts_on_a_queue_that_may_forget(ground: Ground) -> None:
    with redis.Redis.from_url(ground.valkey.url()) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            began = subprocess.run(
                [sys.executable, "-m", "worker"],
                check=False,
                cwd=ROOT,
                env=os.environ | ground.environment,
                capture_output=True,
                text=True,
                timeout=30,
            )
        finally:
            client.config_set("maxmemory-policy", "noeviction")
    assert began.returncode == 3
    assert "maxmemory-policy" in began.stderr
