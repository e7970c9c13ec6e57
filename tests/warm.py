"""Engines that need not get to know their database anew in each test.

A test's engine is new, and would ask the server who it is, compile every statement once more and
speak to a backend that must read the catalogue first: half of a short test went there. So engines
of one kind share their dialect and what it has compiled; and where the database is a room that is
put back, its connection is handed on, emptied of whatever a session can hold.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, event, make_url
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from mailing.base import roundtrip

Connection = psycopg.Connection[Any]
# Host, port and name of a database.
Place = tuple[object, object, object]
Maker = Callable[[SQLAlchemy, str | None, dict[str, Any], Flask], Engine]


class Cloakroom:
    """Connections to the room of this process, kept from one test to the next."""

    def __init__(self) -> None:
        self._room: Place | None = None
        self._kept: list[Connection] = []

    def open(self, url: str) -> None:
        """Keep the connections to this database from now on."""
        self.close()
        self._room = _address(url)

    def close(self) -> None:
        """Keep none any longer."""
        self._room, kept, self._kept = None, self._kept, []
        for connection in kept:
            connection.close()

    def pids(self) -> list[int]:
        """The backends of what is kept."""
        return [one.info.backend_pid for one in self._kept if not one.closed]

    def take(self, where: dict[str, Any]) -> Connection | None:
        """One that was kept, if it leads there and still can be used."""
        if self._room != (where.get("host"), where.get("port"), where.get("dbname")):
            return None
        with suppress(IndexError):
            kept = self._kept.pop()
            return None if kept.closed else kept
        return None

    def put(self, connection: Connection, close: Callable[[Connection], None]) -> None:
        """Keep it as if it were new, where it leads to the room and nothing is the matter."""
        is_wanted = not self._kept and self._leads_there(connection)
        if is_wanted and _is_emptied(connection):
            self._kept.append(connection)
        else:
            close(connection)

    def _leads_there(self, connection: Connection) -> bool:
        if connection.closed or self._room is None:
            return False
        info = connection.info
        return self._room == (info.host, info.port, info.dbname)


cloakroom = Cloakroom()


def makes(make: Maker) -> Maker:
    """Engines as `make` makes them; those of one kind share what they know of their server."""
    known: dict[str, Engine] = {}

    def make_engine(
        extension: SQLAlchemy, bind: str | None, options: dict[str, Any], app: Flask
    ) -> Engine:
        kind = repr(sorted((name, said) for name, said in options.items() if name != "url"))
        first = known.get(kind)
        if first is None or first.dialect.server_version_info is None:
            known[kind] = make(extension, bind, options, app)
            return known[kind]
        return _like(first, make(extension, bind, {**options, "_initialize": False}, app))

    return make_engine


def _like(first: Engine, engine: Engine) -> Engine:
    """The engine with the dialect and the compiled statements of another one of its kind."""
    engine.dialect = engine.pool._dialect = first.dialect
    engine._compiled_cache = first._compiled_cache
    greet = first.dialect.on_connect_url(engine.url)
    if greet is not None:
        event.listen(engine.pool, "connect", lambda connection, _record: greet(connection))
    return engine


def connects(connect: Callable[..., Any]) -> Callable[..., Any]:
    """What opens a dialect's connection, if the cloakroom has none."""

    def open_one(dialect: PGDialect_psycopg, *given: Any, **named: Any) -> Any:
        return cloakroom.take(named) or connect(dialect, *given, **named)

    return open_one


def closes(close: Callable[..., None]) -> Callable[..., None]:
    """What closes a dialect's connection, unless the cloakroom keeps it."""

    def close_one(dialect: PGDialect_psycopg, connection: Connection) -> None:
        cloakroom.put(connection, lambda one: close(dialect, one))

    return close_one


def _is_emptied(connection: Connection) -> bool:
    """Whether nothing of its session is left."""
    if connection.info.transaction_status is TransactionStatus.ACTIVE:
        return False
    try:
        connection.rollback()
        connection.set_autocommit(True)
        connection.execute("DISCARD ALL")
        connection.execute("SELECT pg_stat_force_next_flush()")
        connection.set_autocommit(False)
    except psycopg.Error:
        return False
    connection._prepared = type(connection._prepared)()
    roundtrip.forget(connection)
    connection._notice_handlers.clear()
    return True


def _address(url: str) -> Place:
    parts = make_url(url)
    return parts.host, parts.port, parts.database
