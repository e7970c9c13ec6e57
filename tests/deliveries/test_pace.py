"""The pace as the engine asks it: who may go now, who waits, who is given back."""

import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from flask import Flask

from mailing.base.database import db
from mailing.base.limits import domain_rates
from mailing.base.settings import Settings
from mailing.deliveries.pace import Pace
from mailing.deliveries.queue import Claim
from mailing.people.subscribers import Subscriber
from tests import road
from worker.process import connect

Make = Callable[..., Pace]
NOWHERE = "redis://127.0.0.1:1/0"


class Hands:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def make(app: Flask, settings: Settings) -> Iterator[Make]:
    """Paces of processes of their own, with these settings changed."""
    with ExitStack() as stack:

        def make(clock: Any = None, **given: Any) -> Pace:
            database = stack.enter_context(connect(settings))
            own = settings.model_copy(update=given)
            pace = Pace(own, database, clock) if clock else Pace(own, database)
            stack.callback(pace.close)
            return pace

        yield make


def claims(count: int, campaign: int | None = 1, person: UUID | None = None) -> deque[Claim]:
    kind = "confirmation" if campaign is None else "campaign"
    return deque(Claim(uuid4(), 1, kind, campaign, person or uuid4(), 1, 1) for _ in range(count))


def fill(settings: Settings, *names: str) -> None:
    """Let these buckets be as full as they get, without waiting for it."""
    with redis.Redis.from_url(settings.queue) as server:
        for name in names:
            key = f"{settings.queue_prefix}pace:{name}"
            assert server.exists(key), f"nobody asked for {name}"
            server.hset(key, "at", "1")


def test_without_limits_the_pace_is_free_and_asks_nobody(make: Make) -> None:
    pace = make(redis_url=None)
    assert pace.is_free
    waiting = claims(5)
    first = list(waiting)
    assert pace.pick(waiting, 3) == (first[:3], [])
    assert (list(waiting), pace.wait(), pace.room(500)) == (first[3:], 0, 500)
    assert make(domain_rates=domain_rates("gmail.com=0,*=0")).is_free
    assert not make(rate=1.0).is_free


def test_what_has_no_token_waits_in_its_order(make: Make, settings: Settings) -> None:
    clock = Hands()
    pace = make(clock, rate=40.0)
    waiting = claims(20)
    first = list(waiting)
    assert pace.pick(waiting, 64) == ([], [])
    assert list(waiting) == first
    assert 0 < pace.wait() <= 1
    fill(settings, "all")
    clock.now += pace.wait()
    going, later = pace.pick(waiting, 3)
    assert (going, later) == (first[:3], [])
    assert pace.pick(waiting, 64)[0] == first[3:4], "a block has four tokens"


def test_tokens_on_lease_are_not_spent_too_late(make: Make, settings: Settings) -> None:
    clock = Hands()
    pace = make(clock, rate=400.0)
    pace.pick(claims(1), 64)
    fill(settings, "all")
    clock.now += 1
    waiting = claims(40)
    assert len(pace.pick(waiting, 1)[0]) == 1
    with redis.Redis.from_url(settings.queue) as server:
        server.delete(f"{settings.queue_prefix}pace:all")
    clock.now += 0.24
    assert len(pace.pick(waiting, 1)[0]) == 1
    clock.now += 0.02
    assert len(pace.pick(waiting, 64)[0]) < 38


def test_a_campaign_without_tokens_is_not_in_the_way_of_others(
    make: Make, settings: Settings
) -> None:
    clock = Hands()
    pace = make(clock, campaign_rate=4.0)
    waiting = claims(4, 1) + claims(4, 2)
    assert pace.pick(waiting, 64)[0] == []
    fill(settings, "campaign:2")
    clock.now += 1
    going, _ = pace.pick(waiting, 64)
    assert {claim.campaign_id for claim in going} == {2}


def test_confirmations_go_first_and_campaign_limits_are_not_theirs(
    make: Make, settings: Settings
) -> None:
    clock = Hands()
    pace = make(clock, rate=40.0, campaign_rate=4.0)
    waiting = claims(6) + claims(3, None)
    asked = [claim for claim in waiting if claim.kind == "confirmation"]
    pace.pick(waiting, 64)
    fill(settings, "all")
    clock.now += 1
    assert pace.pick(waiting, 64)[0] == asked


def test_a_confirmation_elsewhere_gets_the_next_token_before_a_campaign(
    make: Make, settings: Settings
) -> None:
    """Not even where the campaign's process asks more often."""
    clock = Hands()
    busy, other = make(clock, rate=2.0), make(clock, rate=2.0)
    campaign, confirmation = claims(2), claims(1, None)
    assert busy.pick(campaign, 64)[0] == other.pick(confirmation, 64)[0] == []
    fill(settings, "all")
    for _ in range(3):
        clock.now += 1
        assert busy.pick(campaign, 64)[0] == []
    assert len(other.pick(confirmation, 64)[0]) == 1


def test_what_would_wait_long_is_given_back_with_its_time(make: Make) -> None:
    pace = make(Hands(), rate=4.0)
    waiting = claims(500)
    first = list(waiting)
    going, later = pace.pick(waiting, 64)
    assert going == []
    assert list(waiting) == first[: len(waiting)]
    assert len(waiting) in range(7, 10), "two seconds' worth stays"
    assert [claim for claim, _ in later] == first[len(waiting) :]
    assert all(2 < seconds <= 60 for _, seconds in later)
    assert later[-1][1] == 60
    assert pace.room(500) == 8
    assert (pace.campaign_room(500), make(rate=0.1).room(500)) == (500, 1)


@pytest.fixture
def people(app: Flask) -> dict[str, UUID]:
    """One person of each of these domains."""
    ids = road.subscribe(road.lay(), 5)
    domains = ["gmail.com", "mail.ru", "bk.ru", "xn--80a1acny.example", "rest.example"]
    for person, domain in zip(ids, domains, strict=True):
        subscriber = db.session.get(Subscriber, person)
        assert subscriber is not None
        subscriber.provider = domain
    db.session.commit()
    return dict(zip(domains, ids, strict=True))


def test_each_domain_has_its_own_limit_and_names_of_one_provider_share(
    make: Make, settings: Settings, people: dict[str, UUID]
) -> None:
    clock = Hands()
    rates = domain_rates("gmail.com=4, mail.ru+bk.ru=4, Почта.example=4")
    pace = make(clock, domain_rates=rates)
    waiting = deque(claim for person in people.values() for claim in claims(2, 1, person))
    free = [claim for claim in waiting if claim.subscriber_id == people["rest.example"]]
    assert pace.pick(waiting, 64)[0] == free
    fill(settings, "domain:mail.ru+bk.ru", "domain:xn--80a1acny.example")
    clock.now += 1
    going = [claim.subscriber_id for claim in pace.pick(waiting, 64)[0]]
    assert going == [people["mail.ru"], people["xn--80a1acny.example"]]


def test_domains_that_no_setting_names_are_each_limited_and_named_to_nobody(
    make: Make, settings: Settings, people: dict[str, UUID]
) -> None:
    pace = make(Hands(), domain_rates=domain_rates("gmail.com=0, mail.ru=9, *=4"))
    waiting = deque(claim for person in people.values() for claim in claims(1, 1, person))
    going = [claim.subscriber_id for claim in pace.pick(waiting, 64)[0]]
    assert going == [people["gmail.com"]]
    with redis.Redis.from_url(settings.queue, decode_responses=True) as server:
        keys = list(server.scan_iter(match=f"{settings.queue_prefix}pace:*", count=1000))
        stored = "".join([*keys, *(str(server.hgetall(key)) for key in keys)])
    assert len(keys) == 4
    assert "mail.ru" in stored
    assert "bk.ru" not in stored
    assert "example" not in stored


def test_somebody_whose_data_were_destroyed_is_under_no_domain_s_limit(
    make: Make, people: dict[str, UUID]
) -> None:
    gone = db.session.get(Subscriber, people["rest.example"])
    assert gone is not None
    gone.provider = ""
    db.session.commit()
    pace = make(Hands(), domain_rates=domain_rates("*=4"))
    waiting = claims(1, 1, gone.id) + claims(1, 1, uuid4())
    assert len(pace.pick(waiting, 64)[0]) == 2, "the gate says no to them"


class TestWithoutRedis:
    """Losing Redis only slows down, and never adds a second pace to the first."""

    def test_a_process_that_is_the_only_one_paces_alone(self, make: Make) -> None:
        clock = Hands()
        pace = make(clock, rate=40.0, redis_url=NOWHERE)
        waiting = claims(60)
        assert pace.pick(waiting, 64)[0] == []
        passed = 0
        for _ in range(30):
            clock.now += max(0.01, pace.wait())
            passed += len(pace.pick(waiting, 64)[0])
        assert 0 < passed <= 40 * (clock.now - 1000) + 40
        assert passed >= 0.8 * 40 * (clock.now - 1000) - 5

    def test_a_slow_limit_is_waited_for_alone(self, make: Make) -> None:
        clock = Hands()
        pace = make(clock, rate=0.2, redis_url=NOWHERE)
        waiting, passed = claims(2), 0
        while clock.now < 1014:
            going, later = pace.pick(waiting, 64)
            assert later == []
            passed += len(going)
            clock.now += 0.5
        assert passed == 2

    def test_who_cannot_reach_redis_is_silent_while_others_can(
        self, make: Make, settings: Settings
    ) -> None:
        clock = Hands()
        here = make(clock, rate=40.0)
        away = make(clock, rate=40.0, redis_url=NOWHERE)
        here.pick(claims(1), 64)
        waiting = claims(5)
        given_back = []
        for _ in range(12):
            going, later = away.pick(waiting, 64)
            assert going == []
            given_back += later
            clock.now += 0.25
        assert len(given_back) == 5, "it does not sit on them"
        here.rest()
        waiting, passed = claims(5), 0
        for _ in range(12):
            passed += len(away.pick(waiting, 64)[0])
            clock.now += 0.25
        assert passed == 5, "once the others rest it may go on"

    def test_who_can_reach_redis_is_silent_while_one_paces_alone(
        self, make: Make, settings: Settings
    ) -> None:
        clock = Hands()
        away = make(clock, rate=40.0, redis_url=NOWHERE)
        away.pick(claims(1), 64)
        here = make(clock, rate=40.0)
        here.pick(claims(5), 64)
        with redis.Redis.from_url(settings.queue) as server:
            assert not server.exists(f"{settings.queue_prefix}pace:all")
        away.rest()
        clock.now += 1
        here.pick(claims(5), 64)
        fill(settings, "all")

    def test_when_redis_is_back_the_buckets_of_before_are_not_believed(
        self, make: Make, settings: Settings
    ) -> None:
        """They are full by now, though messages passed meanwhile."""
        clock = Hands()
        here = make(clock, rate=0.5)
        waiting = claims(1)
        assert here.pick(waiting, 64)[0] == []
        fill(settings, "all")
        here.rest()
        away = make(clock, rate=0.5, redis_url=NOWHERE)
        away.pick(claims(1), 64)
        away.rest()
        clock.now += 1
        assert here.pick(claims(1), 64)[0] == []
        fill(settings, "all")
        clock.now += 1
        assert len(here.pick(claims(1), 64)[0]) == 1, "else this proves nothing"

    def test_what_gathered_before_a_rest_is_not_there_after_it(self, make: Make) -> None:
        """Somebody else may have sent meanwhile."""
        clock = Hands()
        pace = make(clock, rate=40.0, redis_url=NOWHERE)
        pace.pick(claims(1), 64)
        clock.now += 0.5
        assert len(pace.pick(claims(1), 64)[0]) == 1
        pace.rest()
        clock.now += 10
        assert pace.pick(claims(1), 64)[0] == []
        clock.now += 0.5
        assert len(pace.pick(claims(1), 64)[0]) == 1

    def test_a_redis_that_hangs_is_tried_once_in_a_few_seconds(self, make: Make) -> None:
        clock = Hands()
        with socket.create_server(("127.0.0.1", 0)) as deaf:
            deaf.settimeout(0.01)
            port = deaf.getsockname()[1]
            pace = make(clock, rate=1000.0, redis_url=f"redis://127.0.0.1:{port}/0")
            waiting, tried, passed = claims(2000), 0, 0
            for _ in range(140):
                passed += len(pace.pick(waiting, 10)[0])
                clock.now += 0.05
                tried += _accepted(deaf)
        assert tried == 3, "at once, a second later, and three seconds after that"
        assert passed > 500


def _accepted(server: socket.socket) -> int:
    count = 0
    while True:
        try:
            server.accept()[0].close()
        except TimeoutError:
            return count
        count += 1
