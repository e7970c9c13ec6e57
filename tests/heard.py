"""Heard: what the session says to the database, alone (SQLAlchemy) or together (`saying`)."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

import psycopg
from sqlalchemy import event

from mailing.base import saying
from mailing.base.database import db
from mailing.base.roundtrip import BEGIN, COMMIT, Row, Said, together


@contextmanager
def before_each(act: Callable[[str, int], None]) -> Iterator[None]:
    """Within, `act` hears each statement before it goes, with the process that will answer it."""

    def alone(_connection: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        act(statement, cursor.connection.info.backend_pid)

    def several(connection: psycopg.Connection, said: Sequence[Said]) -> list[list[Row]]:
        for one in said:
            if one not in (BEGIN, COMMIT):
                act(one.text, connection.info.backend_pid)
        return together(connection, said)

    engine = db.engine
    event.listen(engine, "before_cursor_execute", alone)
    try:
        with mock.patch.object(saying, "together", several):
            yield
    finally:
        event.remove(engine, "before_cursor_execute", alone)
