"""A second database of the same schema: COPY writes into it what an import wrote into the first."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from bench.ground import Ground
from bench.measure import timed
from mailing.base import schema
from mailing.base.database import dsn

_PARENTS = ("topics", "policy_versions")
# What an import writes, in the order in which foreign keys allow it.
_WRITTEN = {
    "subscribers": "SELECT s.* FROM ledger l JOIN subscribers s ON s.id = l.subscriber_id "
    "WHERE l.id > {} ORDER BY l.id",
    "evidence": "SELECT e.* FROM ledger l JOIN evidence e ON e.hash = l.evidence_hash "
    "WHERE l.id > {} ORDER BY l.id",
    "ledger": "SELECT * FROM ledger WHERE id > {} ORDER BY id",
    "standings": "SELECT * FROM standings WHERE entry_id > {} ORDER BY entry_id",
}
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Twin:
    """The database that the import writes to, and the one that COPY writes to."""

    original: psycopg.Connection
    copy: psycopg.Connection
    directory: Path

    def last_entry(self) -> int:
        """The id of the newest entry of the ledger."""
        row = self.original.execute("SELECT coalesce(max(id), 0) FROM ledger").fetchone()
        return int(row[0]) if row else 0

    def settle(self) -> None:
        """Let neither pay for the other's dirty pages."""
        self.original.execute("VACUUM ANALYZE")
        self.copy.execute("VACUUM ANALYZE")
        self.original.execute("CHECKPOINT")

    def copy_since(self, entry: int) -> dict[str, float]:
        """Seconds of COPY for each table, of the rows written since this entry; one commit."""
        for table, query in _WRITTEN.items():
            wanted = sql.SQL(query).format(sql.Literal(entry))
            _dump(self.original, wanted, self._file(table))
        self.settle()
        took = {}
        self.copy.execute("BEGIN")
        for table in _WRITTEN:
            took[table] = timed(partial(_load, self.copy, table, self._file(table)))[0] / 1000
        took["commit"] = timed(lambda: self.copy.execute("COMMIT"))[0] / 1000
        for table in _WRITTEN:
            self._file(table).unlink()
        return took

    def _file(self, table: str) -> Path:
        return self.directory / f"{table}.copy"


@contextmanager
def twin(place: Ground, original: psycopg.Connection) -> Iterator[Twin]:
    """An empty, migrated twin that knows the same topics and policy versions."""
    name = f"kelisim_bench_{secrets.token_hex(6)}"
    url = make_url(place.environment["KELISIM_DATABASE_URL"]).set(database=name)
    address = url.render_as_string(hide_password=False)
    original.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        schema.upgrade(address)
        with psycopg.connect(dsn(address), autocommit=True) as copy:
            found = Twin(original, copy, place.directory)
            for table in _PARENTS:
                copy.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
                file = place.directory / table
                _dump(original, sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)), file)
                _load(copy, table, file)
            yield found
    finally:
        drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
        original.execute(drop.format(sql.Identifier(name)))


def _dump(database: psycopg.Connection, query: sql.Composable, path: Path) -> None:
    order = sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(query)
    with database.cursor() as cursor, cursor.copy(order) as copy, path.open("wb") as file:
        for block in copy:
            file.write(block)


def _load(database: psycopg.Connection, table: str, path: Path) -> None:
    order = sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(sql.Identifier(table))
    with database.cursor() as cursor, cursor.copy(order) as copy, path.open("rb") as file:
        while block := file.read(_BLOCK):
            copy.write(block)
