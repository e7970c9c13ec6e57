"""Statements that go to the server together, are answered together, and are one transaction."""

import gc
import threading
import weakref
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import errors

from mailing.base.database import dsn
from mailing.base.roundtrip import Said, ask, transact
from mailing.base.settings import Settings
from tests import road

NOTE = Said("INSERT INTO notes VALUES (%(word)s)", {"word": "first"})
NOTES = Said("SELECT word FROM notes ORDER BY word", {})
NONSENSE = Said("SELECT 1 / %(by)s::int", {"by": "0"})


@pytest.fixture
def connection(settings: Settings) -> Iterator[psycopg.Connection]:
    with psycopg.connect(dsn(settings.database), autocommit=True) as opened:
        opened.execute("DROP TABLE IF EXISTS notes")
        opened.execute("CREATE TABLE notes (word text)")
        yield opened
    with psycopg.connect(dsn(settings.database), autocommit=True) as opened:
        opened.execute("DROP TABLE notes")


def words(settings: Settings) -> list[str]:
    """What anybody else sees."""
    with psycopg.connect(dsn(settings.database)) as other:
        return [row[0] for row in other.execute(NOTES.text).fetchall()]


def _let_the_driver_prepare(connection: psycopg.Connection) -> None:
    """It prepares what it has said often enough, and forgets with that whatever is prepared."""
    for _ in range(8):
        connection.execute("SELECT %s::int", [1])


def test_each_sees_what_was_done_before_it_and_all_is_committed(
    connection: psycopg.Connection, settings: Settings
) -> None:
    answers = transact(connection, [NOTE, NOTES, NOTE, NOTES])
    assert answers == [[], [("first",)], [], [("first",), ("first",)]]
    assert words(settings) == ["first", "first"]


def test_a_statement_sees_what_was_committed_while_the_one_before_it_waited(
    connection: psycopg.Connection, settings: Settings
) -> None:
    """T7: this is what the gate rests on."""
    key = Said("SELECT pg_advisory_xact_lock(4711)", {})
    answers: list[list[tuple[str]]] = []
    with psycopg.connect(dsn(settings.database)) as other:
        other.execute(key.text)
        asked = threading.Thread(target=lambda: answers.extend(transact(connection, [key, NOTES])))
        asked.start()
        road.wait_for(lambda: road.is_waited_for(other))
        other.execute(NOTE.text, NOTE.values)
        other.commit()
        asked.join()
    assert answers[1] == [("first",)]


def test_one_that_fails_undoes_all_and_the_connection_goes_on(
    connection: psycopg.Connection, settings: Settings
) -> None:
    for _ in range(2):
        with pytest.raises(errors.DivisionByZero):
            transact(connection, [NOTE, NONSENSE, NOTES])
    assert words(settings) == []
    assert transact(connection, [NOTE, NOTES])[1] == [("first",)]


def test_what_fails_at_the_commit_is_told(connection: psycopg.Connection) -> None:
    connection.execute("ALTER TABLE notes ADD UNIQUE (word) DEFERRABLE INITIALLY DEFERRED")
    with pytest.raises(errors.UniqueViolation):
        transact(connection, [NOTE, NOTE])
    assert ask(connection, NOTES) == []


def test_what_cannot_be_prepared_is_told_and_hinders_nobody(
    connection: psycopg.Connection,
) -> None:
    for _ in range(2):
        with pytest.raises(errors.UndefinedTable):
            transact(connection, [NOTES, Said("SELECT FROM nowhere", {}), NOTE])
    assert ask(connection, NOTES) == []
    connection.execute("CREATE TEMPORARY TABLE nowhere ()")
    assert transact(connection, [Said("SELECT FROM nowhere", {}), NOTE]) == [[], []]


def test_in_a_transaction_of_the_callers_nothing_is_committed(
    connection: psycopg.Connection, settings: Settings
) -> None:
    with connection.transaction(force_rollback=True):
        assert transact(connection, [NOTE, NOTES])[1] == [("first",)]
        assert words(settings) == []
    assert words(settings) == []


def test_a_connection_that_is_lost_is_closed_and_said_to_be(
    connection: psycopg.Connection, settings: Settings
) -> None:
    end = Said("SELECT pg_terminate_backend(pg_backend_pid())", {})
    with pytest.raises(psycopg.Error):
        transact(connection, [NOTE, end, NOTES])
    assert connection.closed
    assert words(settings) == []


def test_what_the_driver_had_the_server_forget_is_prepared_anew(
    connection: psycopg.Connection,
) -> None:
    """A rollback of the driver's lets go of every prepared statement, ours as well: a gate that met
    a deadlock could not have been asked again."""
    for _ in range(2):
        assert transact(connection, [NOTES]) == [[]]
        _let_the_driver_prepare(connection)
        with pytest.raises(errors.DivisionByZero):
            transact(connection, [NOTE, NONSENSE])
    assert transact(connection, [NOTES]) == [[]]
    _let_the_driver_prepare(connection)
    with connection.transaction(force_rollback=True):
        connection.execute(NOTES.text)
    assert ask(connection, NOTES) == []


def test_in_a_transaction_that_has_failed_nothing_is_said(
    connection: psycopg.Connection, settings: Settings
) -> None:
    with connection.transaction(force_rollback=True):
        with pytest.raises(errors.DivisionByZero):
            connection.execute("SELECT 1 / 0")
        with pytest.raises(errors.InFailedSqlTransaction):
            transact(connection, [NOTE])
    assert words(settings) == []


def test_a_connection_that_is_gone_is_not_kept(settings: Settings) -> None:
    with psycopg.connect(dsn(settings.database), autocommit=True) as gone:
        transact(gone, [Said("SELECT 1", {})])
    kept = weakref.ref(gone)
    del gone
    gc.collect()
    assert kept() is None


def test_values_arrive_as_they_are(connection: psycopg.Connection) -> None:
    echo = "SELECT %(a)s::text, %(b)s::int[], %(a)s::text, %(nothing)s::uuid"

    @given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
    def echoes(said: str) -> None:
        values = {"a": said, "b": "{1,2}", "nothing": None}
        assert ask(connection, Said(echo, values)) == [(said, [1, 2], said, None)]

    echoes()
    with pytest.raises(psycopg.DataError, match="NUL"):
        ask(connection, Said(echo, {"a": "a\0b", "b": "{}", "nothing": None}))
    assert ask(connection, NOTES) == []
