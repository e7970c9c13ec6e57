"""Seats: connections to one relay, shared by all processes and never more than there are."""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
import pytest
from flask import Flask

from mailing.base.settings import Settings
from mailing.deliveries.pacing.seats import Seats
from worker.process import connect

RELAY = "relay.example:25"


@dataclass
class Sitter:
    """One process: its seats, its session, and the connections that it has open."""

    seats: Seats
    session: psycopg.Connection
    told: int = 0
    open_now: int = 0

    def ask(self, relay: str = RELAY) -> int:
        self.told = self.seats.limit(relay, self.open_now)
        return self.told


Make = Callable[..., Sitter]


@pytest.fixture
def make(app: Flask, settings: Settings) -> Iterator[Make]:
    with ExitStack() as stack:

        def make(total: int, most: int = 20) -> Sitter:
            own = {"relay_connections": total, "smtp_connections": most}
            session = stack.enter_context(connect(settings))
            return Sitter(Seats(settings.model_copy(update=own), session), session)

        yield make


def test_without_a_limit_each_process_has_its_own(make: Make) -> None:
    assert [make(0, 7).ask() for _ in range(3)] == [7, 7, 7]


def test_who_comes_first_lets_go_of_what_others_want(make: Make) -> None:
    first, second, third = (make(10) for _ in range(3))
    assert first.ask() == 10
    first.open_now = 10
    assert second.ask() == 0, "none is free yet"
    assert first.ask() == 5
    assert second.ask() == 0, "they are still open"
    first.open_now = 5
    assert first.ask() == 5
    assert second.ask() == 5
    second.open_now = 2
    assert [third.ask(), first.ask(), second.ask(), third.ask()] == [0, 4, 4, 1]
    first.open_now = 4
    assert [first.ask(), third.ask()] == [4, 2]


def test_no_process_takes_more_seats_than_it_has_connections(make: Make) -> None:
    first, second = make(50, 20), make(50, 20)
    assert first.ask() == 20
    assert second.ask() == 20


def test_each_relay_has_its_own_seats(make: Make) -> None:
    one = make(5)
    assert [one.ask(), one.ask("other.example:25")] == [5, 5]
    assert make(5).ask("third.example:25") == 5


def test_one_at_rest_is_not_counted_and_keeps_what_is_open(make: Make) -> None:
    idle, busy = make(10), make(10)
    idle.ask()
    busy.ask()
    idle.open_now = 2
    idle.seats.rest(RELAY, idle.open_now)
    assert busy.ask() == 8
    idle.seats.rest(RELAY, 0)
    assert busy.ask() == 10
    assert idle.ask() == 0


def test_the_seats_of_a_dead_process_are_free(make: Make) -> None:
    dead, alive = make(10), make(10)
    assert dead.ask() == 10
    assert alive.ask() == 0
    query = "SELECT pg_terminate_backend(%s, 10000)"
    alive.session.execute(query, [dead.session.info.backend_pid])
    assert alive.ask() == 10


@pytest.mark.parametrize("seed", range(4))
def test_whatever_they_do_there_are_never_more_connections_than_seats(
    make: Make, seed: int
) -> None:
    dice = random.Random(seed)
    sitters = [make(7, 5) for _ in range(4)]
    most = 0
    for _ in range(250):
        one = dice.choice(sitters)
        match dice.choice(["ask", "ask", "open", "close", "rest"]):
            case "ask":
                one.ask()
            case "open":
                one.open_now = max(one.open_now, one.told)
            case "close":
                one.open_now = dice.randint(0, one.open_now)
            case "rest":
                one.seats.rest(RELAY, one.open_now)
                one.told = 0
        together = sum(sitter.open_now for sitter in sitters)
        most = max(most, together)
        assert together <= 7
    assert most == 7, "they came to the limit"
