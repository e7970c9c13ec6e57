"""A backup: every row of one moment, sealed under the day's key, in a directory of its own.

All tables are read in one snapshot (REPEATABLE READ), while everybody goes on working. Images and
whatever else the product keeps stand in PostgreSQL too, so there is nothing beside it.
"""

import queue
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection, IsolationLevel, sql

from mailing.backups import catalogue, disk, keys, manifest, streams
from mailing.backups.keys import DatedKey
from mailing.backups.manifest import Kept, Manifest
from mailing.base import clock
from mailing.base.database import dsn
from mailing.base.errors import Conflict, NotReady
from mailing.base.schema import ONE_AT_A_TIME
from mailing.base.settings import Settings

Tell = Callable[[str], None]

_BLOCK = 1 << 18
_AHEAD = 16


@dataclass(frozen=True)
class Made:
    """A finished backup, and the file that opens it."""

    directory: Path
    manifest: Manifest
    key: DatedKey


def make(settings: Settings, directory: Path, tell: Tell) -> Made:
    """Back everything up into a new or empty directory, saying how it goes.

    Raises Conflict where the directory holds anything, NotReady for a database without a schema.
    """
    _demand_empty(directory)
    with _snapshot(settings) as connection:
        schema = _schema(connection)
        # Only now, so that nothing is left behind by an order that could not be carried out.
        key = keys.of_today(settings)
        disk.make_directory(directory)
        backup_id = secrets.token_hex(16)
        tables = list(_tables(connection, directory, _Sealing(key, backup_id), tell))
        made = _manifest(connection, key, backup_id, schema, tables)
    manifest.write(directory, made, key)
    return Made(directory, made, key)


@dataclass(frozen=True)
class _Sealing:
    key: DatedKey
    backup_id: str

    def of(self, file: str) -> bytes:
        return streams.derive(self.key.secret, self.backup_id, file)


def _demand_empty(directory: Path) -> None:
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise Conflict(
            f"{directory} is not empty. Name a new directory; one that holds no manifest.json is "
            "a backup that was broken off, and can be removed."
        )


@contextmanager
def _snapshot(settings: Settings) -> Iterator[Connection[Any]]:
    """One moment of the database, read only. A migration waits until it has been read."""
    with psycopg.connect(dsn(settings.database)) as connection:
        connection.autocommit = True
        connection.execute("SELECT pg_advisory_lock_shared(%s)", [ONE_AT_A_TIME])
        connection.autocommit = False
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        for order in catalogue.SPELLING:
            connection.execute(order.encode())
        yield connection
        connection.rollback()


def _schema(connection: Connection[Any]) -> str:
    known = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
    if known is None or known[0] is None:
        raise NotReady("The database has no schema yet: there is nothing to back up.")
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else ""


def _tables(
    connection: Connection[Any], directory: Path, sealing: _Sealing, tell: Tell
) -> Iterator[Kept]:
    found = catalogue.tables(connection)
    for number, (name, columns) in enumerate(found.items(), 1):
        file = f"{name}.sealed"
        writer = streams.Writer(directory / file, sealing.of(file))
        rows = _write_table(connection, catalogue.copy_out(name, columns), writer)
        tell(f"{number} of {len(found)}: {name}, {rows:,} rows")
        yield Kept(name, columns, rows, file, writer.octets, writer.sha256)


def _write_table(connection: Connection[Any], order: sql.Composed, writer: streams.Writer) -> int:
    """How many rows. Reading from the database and sealing go on beside each other."""
    with connection.cursor() as cursor, _beside(writer) as give:
        with cursor.copy(order) as copy:
            for block in _blocks(copy):
                give(block)
        rows = cursor.rowcount
    writer.finish()
    return rows


def _blocks(copy: psycopg.Copy) -> Iterator[bytes]:
    """Rows by the hundred: PostgreSQL hands them over one by one."""
    rows, size = [], 0
    for row in copy:
        rows.append(row)
        size += len(row)
        if size >= _BLOCK:
            yield b"".join(rows)
            rows, size = [], 0
    yield b"".join(rows)


@contextmanager
def _beside(writer: streams.Writer) -> Iterator[Callable[[bytes], None]]:
    """Seal in a thread what is given here; raises what troubled it, at the latest at the end."""
    given: queue.Queue[bytes | None] = queue.Queue(_AHEAD)
    trouble: list[Exception] = []

    def work() -> None:
        while (block := given.get()) is not None:
            try:
                if not trouble:
                    writer.write(block)
            except Exception as error:
                trouble.append(error)

    def give(block: bytes) -> None:
        if trouble:
            raise trouble[0]
        given.put(block)

    thread = threading.Thread(target=work, name="sealing")
    thread.start()
    try:
        yield give
    finally:
        given.put(None)
        thread.join()
    if trouble:
        raise trouble[0]


def _manifest(
    connection: Connection[Any],
    key: DatedKey,
    backup_id: str,
    schema: str,
    tables: list[Kept],
) -> Manifest:
    told = connection.execute("SELECT installation_id::text FROM installation").fetchone()
    journals = connection.execute("SELECT id::text FROM journals ORDER BY created_at").fetchall()
    return Manifest(
        id=backup_id,
        made_at=_moment(connection),
        program=version_of("kelisim"),
        schema=schema,
        postgresql=connection.info.server_version // 10_000,
        installation=str(told[0]) if told else "",
        journals=[row[0] for row in journals],
        key=key.told(),
        tables=tables,
        sequences=catalogue.sequences(connection),
    )


def _moment(connection: Connection[Any]) -> str:
    """When the snapshot was taken, by the database's clock."""
    row = connection.execute("SELECT now()").fetchone()
    at = row[0] if row else clock.now()
    return str(at.isoformat(timespec="seconds"))
