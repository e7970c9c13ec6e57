"""What each connection to the database is told when it is opened, and asked when it is used."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from flask import Flask
from psycopg import sql
from psycopg.pq import TransactionStatus
from sqlalchemy import text

from mailing.base import connections
from mailing.base.database import db, dsn, each_by_itself
from mailing.base.settings import Settings
from mailing.bootstrap import create_base
from mailing.deliveries import queue
from tests.services import end_backend
from worker.process import connect

# What whoever runs the server has set, and what it is on our connections all the same.
OURS = [("jit", "on", "off"), ("synchronous_commit", "off", "on")]


@contextmanager
def set_on_the_server(settings: Settings, name: str, value: str) -> Iterator[None]:
    """The database has this setting for whoever says nothing."""
    with psycopg.connect(dsn(settings.database), autocommit=True) as bare:
        named = (sql.Identifier(bare.info.dbname), sql.Identifier(name))
        bare.execute(sql.SQL("ALTER DATABASE {} SET {} = ").format(*named) + sql.Literal(value))
        with psycopg.connect(dsn(settings.database)) as stranger:
            assert stranger.execute(f"SHOW {name}").fetchone() == (value,)
        yield
        # Other tests may use it after this one.
        bare.execute(sql.SQL("ALTER DATABASE {} RESET {}").format(*named))


@pytest.mark.parametrize(("name", "theirs", "ours"), OURS)
def test_the_application_compiles_no_query_and_keeps_what_it_has_committed(
    settings: Settings, name: str, theirs: str, ours: str
) -> None:
    with (
        set_on_the_server(settings, name, theirs),
        create_base(settings).app_context(),
    ):
        assert db.session.scalar(text(f"SHOW {name}")) == ours
        db.session.rollback()
        assert db.session.scalar(text(f"SHOW {name}")) == ours, "and for good"
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize(("name", "theirs", "ours"), OURS)
def test_so_does_the_engine(settings: Settings, name: str, theirs: str, ours: str) -> None:
    with set_on_the_server(settings, name, theirs), connect(settings) as engine:
        assert engine.execute(f"SHOW {name}").fetchone() == (ours,)


def test_the_engine_finds_rows_by_their_keys_however_few_there_seem_to_be(
    settings: Settings,
) -> None:
    """A plan that was made while a table held a few rows read all of it once it held many."""
    with connect(settings) as engine:
        engine.execute("PREPARE finish AS " + queue._FINISH.replace("%(batches)s", "$1"))
        plan = [row[0] for row in engine.execute("EXPLAIN EXECUTE finish ('{1}')")]
    assert not [line for line in plan if "Seq Scan on deliveries" in line]
    assert [line for line in plan if "deliveries_of_batch" in line]


@pytest.fixture
def asked(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The backends that were asked whether they are still there."""
    dialect, found = db.engine.dialect, []

    def do_ping(connection: Any) -> bool:
        found.append(connection.info.backend_pid)
        return type(dialect).do_ping(dialect, connection)

    monkeypatch.setattr(dialect, "do_ping", do_ping)
    return found


def backend() -> int:
    """The server's process of a transaction of its own."""
    pid = db.session.scalar(text("SELECT pg_backend_pid()"))
    db.session.commit()
    return int(pid or 0)


def test_a_connection_that_has_just_answered_is_not_asked_whether_it_would(
    asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the round trips of one click to leave, each sixth asked only that."""
    monkeypatch.setattr(connections, "_FRESH_SECONDS", 600.0)
    first = backend()
    assert [backend() for _ in range(3)] == [first] * 3
    assert asked == []


def test_one_that_has_rested_is_asked(asked: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_FRESH_SECONDS", 0.0)
    first = backend()
    assert (backend(), asked) == (first, [first])


@pytest.mark.parametrize("fresh_seconds", [600.0, 0.0], ids=["heard of", "not heard of"])
def test_one_that_the_server_has_ended_is_replaced_and_nobody_notices(
    settings: Settings, asked: list[int], monkeypatch: pytest.MonkeyPatch, fresh_seconds: float
) -> None:
    """It hears that the server ends; of one that a network has lost it hears nothing, and asks."""
    monkeypatch.setattr(connections, "_FRESH_SECONDS", fresh_seconds)
    first = backend()
    end_backend(settings.database, first)
    assert backend() != first
    assert asked == [first]


def test_one_that_was_closed_here_is_replaced(
    asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_FRESH_SECONDS", 600.0)
    first = backend()
    with db.engine.connect() as held:
        raw: Any = held.connection.driver_connection
    raw.close()
    assert backend() != first
    assert asked == [], "there is nobody to ask"


def test_what_is_asked_by_itself_begins_no_transaction_and_the_next_does(app: Flask) -> None:
    with each_by_itself():
        db.session.execute(text("SELECT 1"))
        assert _status() is TransactionStatus.IDLE
    db.session.execute(text("UPDATE installation SET sending_off_reason = 'tried'"))
    assert _status() is TransactionStatus.INTRANS
    db.session.rollback()
    assert db.session.scalar(text("SELECT sending_off_reason FROM installation")) is None


def test_a_transaction_that_is_open_goes_on_when_something_is_asked_by_itself(app: Flask) -> None:
    db.session.execute(text("UPDATE installation SET sending_off_reason = 'kept'"))
    with each_by_itself():
        assert _status() is TransactionStatus.INTRANS
    db.session.rollback()
    assert db.session.scalar(text("SELECT sending_off_reason FROM installation")) == "kept"


def _status() -> TransactionStatus:
    driver = db.session.connection().connection.driver_connection
    assert driver is not None
    return TransactionStatus(driver.info.transaction_status)
