"""The agreement on who paces: all by Redis, or one alone, and never both."""

from collections.abc import Iterator

import psycopg
import pytest
from flask import Flask

from mailing.base.settings import Settings
from mailing.deliveries import relays
from mailing.deliveries.pacing.agreement import Agreement
from worker.process import connect


@pytest.fixture
def sessions(app: Flask, settings: Settings) -> Iterator[list[psycopg.Connection]]:
    opened = [connect(settings) for _ in range(3)]
    yield opened
    for session in opened:
        session.close()


@pytest.fixture
def parties(sessions: list[psycopg.Connection]) -> list[Agreement]:
    return [Agreement(session) for session in sessions]


def test_many_pace_together_and_nobody_is_alone_meanwhile(parties: list[Agreement]) -> None:
    one, two, three = parties
    assert one.join() == two.join() is not None
    assert not three.go_alone()
    one.leave()
    assert not three.go_alone()
    two.leave()
    assert three.go_alone()


def test_nobody_joins_while_one_is_alone(parties: list[Agreement]) -> None:
    one, two, three = parties
    assert one.go_alone()
    assert one.go_alone(), "it still is"
    assert two.join() is None
    assert not three.go_alone()
    one.leave()
    assert two.join() is not None


def test_who_joined_and_goes_alone_lets_go_first(parties: list[Agreement]) -> None:
    one, two, _ = parties
    assert one.join()
    assert one.join()
    assert one.go_alone()
    assert two.join() is None
    assert one.join()
    assert two.join()


def test_after_somebody_was_alone_there_is_another_era(parties: list[Agreement]) -> None:
    one, two, _ = parties
    eras = [one.join()]
    for _ in range(2):
        assert one.go_alone()
        eras.append(one.join())
        assert two.join() == eras[-1]
        two.leave()
    assert len(set(eras)) == 3
    assert one.join() == eras[-1], "joining alone begins none"


def test_the_era_is_the_same_in_every_time_zone(
    parties: list[Agreement], sessions: list[psycopg.Connection]
) -> None:
    one, two, _ = parties
    assert one.go_alone()
    sessions[0].execute("SET TimeZone = 'Asia/Almaty'")
    sessions[1].execute("SET TimeZone = 'America/St_Johns'")
    assert one.join() == two.join()


def test_the_part_of_a_dead_process_is_free(
    parties: list[Agreement], sessions: list[psycopg.Connection]
) -> None:
    one, two, three = parties
    assert one.go_alone()
    pid = sessions[0].info.backend_pid
    sessions[1].execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
    assert two.join()
    with pytest.raises(psycopg.OperationalError):
        one.leave()
    assert not three.go_alone()


def test_the_mark_of_an_era_is_no_relay_in_trouble(
    parties: list[Agreement], sessions: list[psycopg.Connection]
) -> None:
    assert parties[0].go_alone()
    assert relays.left_alone(sessions[0]) == set()
    query = "SELECT count(*) FROM relays WHERE trouble IS NULL AND retry_at IS NULL"
    assert sessions[0].execute(query).fetchone() == (1,)


def test_the_database_notices_a_machine_that_is_gone(
    parties: list[Agreement], sessions: list[psycopg.Connection]
) -> None:
    """Else its part would be held for two hours."""
    assert parties
    names = ["idle", "interval", "count"]
    found = [sessions[0].execute(f"SHOW tcp_keepalives_{name}").fetchone() for name in names]
    assert found == [("10",), ("5",), ("3",)]
