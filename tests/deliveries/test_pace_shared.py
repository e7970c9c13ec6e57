"""The buckets in Redis: shared, and never believed where they may be older than the truth."""

import itertools
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis

from console.valkey import Valkey
from mailing.base.settings import Settings
from mailing.deliveries.pacing import shared
from mailing.deliveries.pacing.limit import Grant, Limit, Wish
from mailing.deliveries.pacing.shared import SharedBuckets
from tests import road

LIMIT = Limit.of("all", 40.0)
SLOW = Limit.of("slow", 0.2)
# As large as LIMIT, and nothing worth counting flows in while a test is kept waiting.
STILL = replace(LIMIT, name="still", refill=0.001)


@pytest.fixture
def buckets(settings: Settings) -> Iterator[SharedBuckets]:
    buckets = patient(settings)
    yield buckets
    buckets.close()


@pytest.fixture
def hasty(settings: Settings) -> Iterator[SharedBuckets]:
    """With the patience of a sending process: on a busy machine this has no answer at times."""
    buckets = SharedBuckets(settings)
    yield buckets
    buckets.close()


def patient(settings: Settings, clock: Callable[[], float] = lambda: 0.0) -> SharedBuckets:
    """Buckets that wait as long as it takes, and for which no answer comes too late."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared, "TIMEOUT", 60.0)
        return SharedBuckets(settings, clock)


@pytest.fixture
def server(settings: Settings) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.queue, decode_responses=True) as client:
        yield client


def take(buckets: SharedBuckets, wanted: int, limit: Limit = LIMIT, **given: Any) -> Grant:
    """One question about one limit."""
    era = given.pop("era", "1")
    grants = buckets.lease(era, [Wish(limit, given.pop("urgent", 0), wanted, **given)])
    assert grants is not None
    return grants[0]


def fill(buckets: SharedBuckets, server: redis.Redis, settings: Settings, limit: Limit) -> None:
    """Let the bucket be as full as it gets, without waiting for it."""
    take(buckets, 0, limit)
    server.hset(f"{settings.queue_prefix}pace:{limit.name}", "at", "1")


def test_a_bucket_begins_empty_fills_up_and_is_shared(
    buckets: SharedBuckets, server: redis.Redis, settings: Settings
) -> None:
    other = patient(settings)
    first = take(buckets, 100, SLOW)
    assert (first.others, round(first.ready_in)) == (0, 5)
    fill(buckets, server, settings, STILL)
    assert take(other, 7, STILL).others == 7
    assert take(buckets, 100, STILL).others == 3
    other.close()


def test_a_bucket_that_is_flushed_evicted_or_of_another_agreement_is_empty(
    buckets: SharedBuckets, server: redis.Redis, settings: Settings
) -> None:
    fill(buckets, server, settings, SLOW)
    assert take(buckets, 1, SLOW, era="another").others == 0
    fill(buckets, server, settings, SLOW)
    assert server.delete(f"{settings.queue_prefix}pace:slow") == 1
    assert take(buckets, 1, SLOW).others == 0
    fill(buckets, server, settings, SLOW)
    assert take(buckets, 1, SLOW).others == 1, "else the others prove nothing"


def test_what_a_process_asked_for_in_vain_for_somebody_who_waits_is_kept_for_it(
    buckets: SharedBuckets, server: redis.Redis, settings: Settings
) -> None:
    take(buckets, 0, SLOW)
    assert take(buckets, 0, SLOW, urgent=1).urgent == 0
    fill(buckets, server, settings, SLOW)
    assert take(buckets, 5, SLOW).others == 0, "it belongs to the one that waits"
    assert take(buckets, 5, SLOW, urgent=1).urgent == 1
    fill(buckets, server, settings, SLOW)
    assert take(buckets, 5, SLOW).others == 1, "it was served, and nothing is owed any more"


def test_a_server_whose_clock_went_back_gives_nothing_for_it_and_goes_on(
    buckets: SharedBuckets, server: redis.Redis, settings: Settings
) -> None:
    name = f"{settings.queue_prefix}pace:slow"
    take(buckets, 0, SLOW)
    far = str(2**52)
    server.hset(name, mapping={"at": far, "owed": "1", "owed_until": far})
    assert take(buckets, 1, SLOW).others == 0
    assert str(server.hget(name, "at")) < far
    fill(buckets, server, settings, SLOW)
    assert take(buckets, 1, SLOW).others == 1


def test_every_key_is_in_our_corner_and_expires(
    buckets: SharedBuckets, server: redis.Redis, settings: Settings
) -> None:
    for rate in (0.001, 1, 1e9):
        take(buckets, 1, Limit.of(f"rate{rate}", rate))
    keys = list(server.scan_iter(match=f"{settings.queue_prefix}*", count=1000))
    assert len(keys) == 3
    assert all(60 <= int(str(server.ttl(key))) <= 2592000 for key in keys)


def test_an_answer_that_comes_too_late_to_be_spent_is_none(
    server: redis.Redis, settings: Settings
) -> None:
    """Each look at this clock finds it 0.15 s later."""
    ticks = itertools.count()
    buckets = patient(settings, lambda: 0.15 * next(ticks))
    for limit, is_in_time in ((SLOW, False), (LIMIT, True)):
        assert (buckets.lease("1", [Wish(limit, 0, 1)]) is not None) is is_in_time
        assert buckets.answers(limit.lease) is is_in_time
    assert buckets.lease("1", [Wish(LIMIT, 0, 1), Wish(SLOW, 0, 1)]) is None
    buckets.close()


class TestWithAServerOfItsOwn:
    """A Valkey that may be killed and stopped."""

    @pytest.fixture
    def valkey(self, tmp_path: Path) -> Iterator[Valkey]:
        valkey = Valkey(tmp_path / "valkey", "secret")
        valkey.start()
        yield valkey
        valkey.stop()

    @pytest.fixture
    def environment(self, environment: dict[str, str], valkey: Valkey) -> dict[str, str]:
        return environment | {"KELISIM_REDIS_URL": valkey.url()}

    def test_what_a_killed_server_remembers_is_not_believed(
        self, valkey: Valkey, buckets: SharedBuckets, server: redis.Redis, settings: Settings
    ) -> None:
        """Its file lags behind by up to a second, and tokens were given out in that second."""
        fill(buckets, server, settings, SLOW)
        server.config_set("appendfsync", "always")
        fill(buckets, server, settings, SLOW)
        pid = int(str(server.info("server")["process_id"]))
        os.kill(pid, signal.SIGKILL)
        road.wait_for(lambda: not valkey.is_running())
        assert buckets.lease("1", [Wish(SLOW, 0, 1)]) is None
        valkey.start()
        with redis.Redis.from_url(valkey.url(), decode_responses=True) as again:
            name = f"{settings.queue_prefix}pace:slow"
            assert again.hget(name, "at") == "1", "it remembers a bucket that is full by now"
        # Its port may have been taken meanwhile; then it listens at another one.
        anew = patient(settings.model_copy(update={"redis_url": valkey.url()}))
        road.wait_for(lambda: anew.answers(0.25))
        assert take(anew, 1, SLOW).others == 0
        anew.close()

    def test_a_server_that_hangs_gives_nothing_and_is_used_again_afterwards(
        self,
        hasty: SharedBuckets,
        buckets: SharedBuckets,
        server: redis.Redis,
        settings: Settings,
    ) -> None:
        def served(wanted: int) -> list[Grant] | None:
            # An answer that came too late took what it gave with it, so each begins anew.
            server.delete(f"{settings.queue_prefix}pace:still")
            fill(buckets, server, settings, STILL)
            return hasty.lease("1", [Wish(STILL, 0, wanted)])

        road.wait_for(lambda: served(5))
        fill(buckets, server, settings, STILL)
        pid = int(str(server.info("server")["process_id"]))
        os.kill(pid, signal.SIGSTOP)
        try:
            assert hasty.lease("1", [Wish(STILL, 0, 5)]) is None
            assert not hasty.answers(0.25)
        finally:
            os.kill(pid, signal.SIGCONT)
        road.wait_for(lambda: hasty.answers(0.25))
        (grant,) = road.wait_for(lambda: served(7))
        assert grant.others == 7, "no answer is taken for that of another question"

    @pytest.mark.parametrize("trouble", ["forbidden", "full", "read-only"])
    def test_a_server_that_answers_and_refuses_does_not_answer(
        self, buckets: SharedBuckets, server: redis.Redis, trouble: str
    ) -> None:
        assert buckets.answers(0.25)
        match trouble:
            case "forbidden":
                server.acl_setuser("default", enabled=True, commands=["-info"])
            case "full":
                server.config_set("maxmemory", 1)
            case "read-only":
                server.replicaof("127.0.0.1", 1)
        assert server.ping()
        assert not buckets.answers(0.25)
        assert buckets.lease("1", [Wish(LIMIT, 0, 1)]) is None
