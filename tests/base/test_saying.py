"""What the session says together: whose transaction it is, and what becomes of an error."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InternalError

from mailing.base.database import db, each_by_itself
from mailing.base.reach import UNREACHABLE
from mailing.base.roundtrip import Row, Said
from mailing.base.saying import ask, finish, tell
from mailing.base.settings import current
from mailing.people.topics import Topic
from tests.services import end_backend

NOTE = Said("INSERT INTO notes VALUES (%(word)s)", {"word": "first"})
NOTES = Said("SELECT word FROM notes ORDER BY word", {})
NONSENSE = Said("SELECT 1 / %(by)s::int", {"by": "0"})


@pytest.fixture(autouse=True)
def notes(app: Flask) -> Iterator[None]:
    tell(Said("DROP TABLE IF EXISTS notes", {}), Said("CREATE TABLE notes (word text)", {}))
    db.session.commit()
    yield
    db.session.rollback()
    tell(Said("DROP TABLE notes", {}))
    db.session.commit()


def words() -> list[Row]:
    return ask(NOTES)[0]


def in_pg() -> str:
    """How the driver sees the session's connection."""
    raw: Any = db.session.connection().connection.driver_connection
    return str(raw.info.transaction_status.name)


def test_it_begins_a_transaction_that_a_rollback_takes_back() -> None:
    assert ask(NOTE, NOTES)[1] == [("first",)]
    assert in_pg() == "INTRANS"
    db.session.rollback()
    assert words() == []


def test_it_is_a_part_of_the_transaction_that_is_open_and_of_its_savepoint() -> None:
    db.session.execute(text("INSERT INTO notes VALUES ('by itself')"))
    with db.session.begin_nested() as savepoint:
        tell(NOTE)
        savepoint.rollback()
    assert words() == [("by itself",)]
    db.session.rollback()
    assert words() == []


def test_what_is_asked_by_itself_opens_no_transaction() -> None:
    with each_by_itself():
        tell(NOTE)
        assert in_pg() == "IDLE"
    db.session.rollback()
    assert words() == [("first",)]


def test_finishing_writes_what_lies_in_the_session_and_commits() -> None:
    names = {"kk": "Кейін", "ru": "Потом", "en": "Later"}
    db.session.add(Topic(slug="later", names=names, purpose="marketing"))
    finish(NOTE)
    db.session.rollback()
    assert words() == [("first",)]
    assert db.session.scalar(select(Topic.slug).where(Topic.slug == "later")) == "later"


def test_an_error_is_the_one_that_sqlalchemy_raises_and_nothing_of_the_group_stays() -> None:
    with pytest.raises(DBAPIError, match="division by zero") as caught:
        ask(NOTE, NONSENSE, NOTE)
    assert not caught.value.connection_invalidated
    db.session.rollback()
    assert words() == []


def test_a_commit_that_fails_is_told() -> None:
    deferred = "ALTER TABLE notes ADD UNIQUE (word) DEFERRABLE INITIALLY DEFERRED"
    finish(Said(deferred, {}))
    with pytest.raises(IntegrityError):
        finish(NOTE, NOTE)
    db.session.rollback()
    assert words() == []


def test_a_commit_of_what_had_failed_before_is_no_commit() -> None:
    """The server answers COMMIT with ROLLBACK, and calls it no error."""
    with pytest.raises(DBAPIError):
        ask(NOTE, NONSENSE)
    with pytest.raises(InternalError):
        finish()
    db.session.rollback()
    assert words() == []


def test_a_lost_connection_says_so_and_the_next_is_another() -> None:
    raw: Any = db.session.connection().connection.driver_connection
    tell(NOTE)
    end_backend(current().database, raw.info.backend_pid)
    with pytest.raises(UNREACHABLE):
        finish(NOTE)
    db.session.rollback()
    assert words() == []


def test_after_a_change_of_the_schema_it_is_well_again_by_itself() -> None:
    """The type of an answer is a part of what was prepared, for as long as the connection lives."""
    db.session.commit()
    with each_by_itself():
        assert words() == []
        tell(Said("ALTER TABLE notes ALTER word TYPE varchar(40)", {}))
        assert words() == []
    db.session.execute(text("SELECT 1"))
    tell(Said("ALTER TABLE notes ALTER word TYPE varchar(50)", {}))
    with pytest.raises(DBAPIError):
        words()
    db.session.rollback()
    db.session.execute(text("SELECT 1"))
    assert words() == []


def test_a_session_that_keeps_its_snapshot_keeps_it() -> None:
    db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    assert words() == []
    with db.engine.begin() as other:
        other.execute(text("INSERT INTO notes VALUES ('meanwhile')"))
    assert words() == []
    db.session.rollback()
    assert words() == [("meanwhile",)]
