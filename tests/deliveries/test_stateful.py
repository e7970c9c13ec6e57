"""Whatever three owners, their deaths and their delays do to a queue: each row is as it should be.

The real verbs on real PostgreSQL, against `tests.model.mail`. After every step every row is
compared, what waits is due, what is in work can be found by a sweep, and the balance holds; at
the end of each life everything can be brought to its end.
"""

from collections.abc import Iterator

import psycopg
import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase
from hypothesis import settings as profile
from hypothesis.stateful import run_state_machine_as_test

from mailing.base.database import db, dsn
from mailing.base.roundtrip import Said
from mailing.base.settings import Settings
from mailing.campaigns import audience
from mailing.deliveries import queue
from mailing.leaving import replay
from tests import road
from tests.model import desk
from tests.model.clerk import Clerk, ids
from tests.model.mail import Post
from tests.model.queue import Queue


def live(settings: Settings, database: psycopg.Connection, lives: int, steps: int) -> None:
    """So many lives of so many steps, after those that have once failed."""
    policy = road.lay()
    replay.run()
    people = road.subscribe(policy, 4)
    numbers = [road.campaign() for _ in range(2)]
    for number in numbers:
        road.start(number)
    how = profile(
        max_examples=lives,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        phases=[Phase.reuse, Phase.generate],
    )

    class Here(Queue):
        def __init__(self) -> None:
            db.session.rollback()  # What a life that failed has left behind.
            desk.unwrite(database)
            road.say_yes(policy, people)
            post = Post(dict.fromkeys(numbers, "sending"), dict.fromkeys(people, True))
            super().__init__(Clerk(database, settings, post))

    run_state_machine_as_test(Here, settings=how)


@pytest.fixture
def database(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[psycopg.Connection]:
    # Batches of one are finished, and counted once, while others of their campaign go on.
    monkeypatch.setattr(audience, "CHUNK", 1)
    Clerk.counted.clear()
    with psycopg.connect(dsn(settings.database), autocommit=True) as database:
        yield database
    for what, number in sorted(Clerk.counted.items()):
        print(f"{number:>9,}  {what}")  # noqa: T201 - what the lives have seen


def test_every_message_becomes_what_it_should(
    settings: Settings, database: psycopg.Connection
) -> None:
    """T7, T14, T31."""
    live(settings, database, lives=30, steps=30)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_every_message_becomes_what_it_should_in_many_lives(
    settings: Settings, database: psycopg.Connection
) -> None:
    live(settings, database, lives=400, steps=60)


@pytest.mark.parametrize("is_on", [True, False])
def test_a_death_right_behind_the_gates_commit_forgets_no_message(
    settings: Settings, database: psycopg.Connection, is_on: bool
) -> None:
    """The gate has answered, and whoever would have called the batch again is dead."""
    people = road.subscribe(road.lay(), 3)
    number = road.campaign()
    road.start(number)
    clerk = Clerk(database, settings, Post({number: "sending"}, dict.fromkeys(people, True)))
    life = clerk.born()
    clerk.claim(life, 3)
    clerk.post.is_on = is_on
    database.execute("UPDATE installation SET sending_on = %s", [is_on])
    clerk.ask_and_die(life, life.claims)
    clerk.settle(life, True)
    database.execute("UPDATE installation SET sending_on = true")
    clerk.post.is_on = True
    assert desk.astray(database, []) == []
    clerk.claim(clerk.born(), 3)


def test_what_nobody_calls_and_what_nobody_owns_is_noticed(
    settings: Settings, database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The eyes of these lives are not blind: broken verbs are seen at once."""
    people = road.subscribe(road.lay(), 3)
    number = road.campaign()
    road.start(number)
    clerk = Clerk(database, settings, Post({number: "sending"}, dict.fromkeys(people, True)))
    life = clerk.born()
    clerk.claim(life, 3)
    assert desk.astray(database, []) == []
    desk.let_go_of_everything(database)
    [why] = {why for why, _ in desk.astray(database, [])}
    assert why == "is in work, but nobody owns its batch"
    with monkeypatch.context() as broken:
        broken.setattr(queue, "calling", lambda _: Said("SELECT", {}))
        clerk.on(life, lambda sender: desk.put_back(sender, ids(life.claims)))
    [why] = {why for why, _ in desk.astray(database, [])}
    assert why == "waits, but is not due"
