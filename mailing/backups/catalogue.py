"""What stands in the database, read from its own catalogue: tables, columns, sequences, keys."""

from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql

# What `alembic_version` says stands in the manifest, and is made by migrating.
_NOT_KEPT = "alembic_version"

_TABLES = """
    SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        AND c.relname <> %s AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    GROUP BY c.relname, c.relpages ORDER BY c.relpages DESC, c.relname
"""
_SEQUENCES = """
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'S' ORDER BY 1
"""
_KEYS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND contype = 'f' ORDER BY conrelid, conname
"""
# Text is read alike whatever a server or a person has chosen.
SPELLING = (
    "SET LOCAL client_encoding = 'UTF8'",
    "SET LOCAL datestyle = 'ISO'",
    "SET LOCAL intervalstyle = 'postgres'",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL search_path = 'public'",
)


@dataclass(frozen=True)
class ForeignKey:
    """One foreign key, as it is made again."""

    table: str
    name: str
    definition: str


def tables(connection: Connection[Any]) -> dict[str, list[str]]:
    """The columns of each table, the largest table first."""
    return dict(connection.execute(_TABLES, [_NOT_KEPT]).fetchall())


def sequences(connection: Connection[Any]) -> dict[str, tuple[int, bool]]:
    """Where each sequence stands."""
    names = [row[0] for row in connection.execute(_SEQUENCES).fetchall()]
    return {name: _place(connection, name) for name in names}


def foreign_keys(connection: Connection[Any]) -> list[ForeignKey]:
    """Every foreign key."""
    return [ForeignKey(*row) for row in connection.execute(_KEYS).fetchall()]


def filled(connection: Connection[Any]) -> dict[str, int]:
    """How many rows stand in each table that has any, counted up to two."""
    return {name: number for name in tables(connection) if (number := _up_to_two(connection, name))}


def copy_out(name: str, columns: list[str]) -> sql.Composed:
    """The order to read a table's rows as text."""
    return sql.SQL("COPY {} ({}) TO STDOUT").format(sql.Identifier(name), _listed(columns))


def copy_in(name: str, columns: list[str]) -> sql.Composed:
    """The order to write them."""
    return sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(name), _listed(columns))


def _listed(columns: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _place(connection: Connection[Any], name: str) -> tuple[int, bool]:
    query = sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(name))
    row = connection.execute(query).fetchone()
    assert row is not None  # noqa: S101 - a sequence is one row
    return int(row[0]), bool(row[1])


def _up_to_two(connection: Connection[Any], name: str) -> int:
    query = sql.SQL("SELECT count(*) FROM (SELECT FROM {} LIMIT 2) seen")
    row = connection.execute(query.format(sql.Identifier(name))).fetchone()
    return int(row[0]) if row else 0
