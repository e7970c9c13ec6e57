"""Rooms: a database that one test after the other moves into, put back as it was after each.

Copying the template takes a fifth of a second and more, putting a database back some hundredths.
That serves the tests that stay within their own process; who starts others gets a fresh copy,
because a process that lives a moment too long must find nothing of the next test.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import OperationalError, sql
from psycopg.errors import InsufficientPrivilege

from console.embedded import Services
from mailing.base.database import dsn
from tests import services as parts
from tests.services import Connection
from tests.warm import cloakroom

# Whatever a test could have changed of the schema; a changed room is torn down.
_SHAPE = """
    SELECT md5(concat(
        (SELECT string_agg(format('%s %s %s %s', attrelid::regclass, attname, atttypid, attnotnull),
                           ',' ORDER BY attrelid, attnum)
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         WHERE c.relnamespace = 'public'::regnamespace),
        (SELECT string_agg(oid || pg_get_constraintdef(oid), ',' ORDER BY oid) FROM pg_constraint
         WHERE connamespace = 'public'::regnamespace),
        (SELECT string_agg(oid || tgenabled::text, ',' ORDER BY oid) FROM pg_trigger),
        (SELECT string_agg(md5(prosrc), ',' ORDER BY oid) FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace),
        (SELECT string_agg(setconfig::text, ',') FROM pg_db_role_setting s
         JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = current_database())))
"""
_SEQUENCES = """
    SELECT schemaname || '.' || sequencename, start_value, last_value FROM pg_sequences ORDER BY 1
"""


@dataclass(frozen=True)
class _Room:
    """How a database looked when it was new: what stood in which table, and where numbers were.

    `keeper` stays connected: PostgreSQL takes longer over a new connection than over putting back.
    """

    url: str
    keeper: Connection
    shape: str
    tables: list[str]
    contents: dict[str, bytes]
    numbers: dict[str, tuple[int, int | None]]


class Rooms:
    """The room of this test process; a new one is made when there is none that is as new."""

    def __init__(self, services: Services, template: str) -> None:
        self._services, self._template = services, template
        self._stack, self._room = ExitStack(), None

    _room: _Room | None

    @contextmanager
    def one(self) -> Iterator[str]:
        """The address of a database as new, put back or torn down after the block."""
        room = self._room or self._build()
        self._room = None
        try:
            yield room.url
        finally:
            if _put_back(room):
                self._room = room
            else:
                self.close()

    def close(self) -> None:
        """Tear the room down."""
        self._room = None
        cloakroom.close()
        self._stack.close()

    def _build(self) -> _Room:
        self.close()
        url = self._stack.enter_context(parts.scratch_database(self._services, self._template))
        cloakroom.open(url)
        return _look(self._stack.enter_context(_connect(url)), url)


def _look(connection: Connection, url: str) -> _Room:
    named = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    )
    tables = [str(row[0]) for row in named]
    contents = {table: _rows(connection, table) for table in tables}
    return _Room(url, connection, _shape(connection), tables, contents, _numbers(connection))


def _put_back(room: _Room) -> bool:
    """Whether the database is as it was when new."""
    try:
        _turn_out(room.keeper)
        if _shape(room.keeper) != room.shape:
            return False
        _restore(room.keeper, room)
        room.keeper.execute("SELECT pg_stat_reset()")
        return True
    except (InsufficientPrivilege, OperationalError):
        return False  # A given server may not let us pass the triggers; a test turned all out.


def _turn_out(connection: Connection) -> None:
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid <> ALL(%s)",
        [cloakroom.pids()],
    )


def _restore(connection: Connection, room: _Room) -> None:
    """Every row back, without the triggers that guard what is append-only."""
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        for table in _touched(connection, room):
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            if room.contents[table]:
                _fill(connection, table, room.contents[table])
        reached = _numbers(connection)
        for name, (start, last) in room.numbers.items():
            if reached[name][1] != last:
                values = [name, start if last is None else last, last is not None]
                connection.execute("SELECT setval(%s::regclass, %s, %s)", values)


def _touched(connection: Connection, room: _Room) -> list[str]:
    """The tables that hold something; those that held something when new may hold other rows."""
    if not room.tables:
        return []
    one = sql.SQL("SELECT {}::text WHERE EXISTS (SELECT FROM {})")
    asked = [one.format(sql.Literal(name), sql.Identifier(name)) for name in room.tables]
    full = {str(row[0]) for row in connection.execute(sql.SQL(" UNION ALL ").join(asked))}
    return [name for name in room.tables if name in full or room.contents[name]]


def _rows(connection: Connection, table: str) -> bytes:
    query = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
    with connection.cursor().copy(query) as copy:
        return b"".join(bytes(block) for block in copy)


def _fill(connection: Connection, table: str, rows: bytes) -> None:
    query = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
    with connection.cursor().copy(query) as copy:
        copy.write(rows)


def _numbers(connection: Connection) -> dict[str, tuple[int, int | None]]:
    return {str(row[0]): (row[1], row[2]) for row in connection.execute(_SEQUENCES)}  # type: ignore[misc]


def _shape(connection: Connection) -> str:
    row = connection.execute(_SHAPE).fetchone()
    return str(row[0]) if row else ""


def _connect(url: str) -> Connection:
    return psycopg.connect(dsn(url), autocommit=True)
