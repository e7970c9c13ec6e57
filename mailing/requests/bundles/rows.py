"""Rows: what each table holds about one person, opened, column by column."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table as SqlTable
from sqlalchemy import select

from mailing.base.database import Table, db
from mailing.requests import whose
from mailing.requests.bundles import thirds
from mailing.requests.bundles.columns import is_written, opened
from mailing.requests.whose import Person

Row = dict[str, Any]


@dataclass(frozen=True)
class LeftOut:
    """Parts that are not shown, by their names (`table/key`), and why."""

    parts: frozenset[str] = frozenset()
    reason: str = ""

    def why(self, part: str, table: str, row: Row, who: Person) -> str | None:
        """Why a row is not shown; None where it is."""
        if part in self.parts:
            return self.reason
        return thirds.NOT_THEIRS if thirds.is_of_another(table, row, who) else None


@dataclass(frozen=True)
class Kept:
    """One row: its name, what stands in it (nothing personal where `left_out` says why not)."""

    part: str
    values: Row
    left_out: str | None


def tables() -> list[str]:
    """The tables in which a person's rows stand, in the order of the bundle."""
    own = (table.name for table in Table.metadata.sorted_tables)
    return [one for one in own if one in whose.WHOSE and one not in whose.SHARED and heads(one)]


def heads(table: str) -> list[str]:
    """The columns of a table that stand in the bundle."""
    columns = Table.metadata.tables[table].columns
    return [one.name for one in columns if is_written(table, one.name, one.info["data"])]


def of(table: str, who: Person, left_out: LeftOut) -> Iterator[Kept]:
    """This person's rows of a table, in the order of its key."""
    stored = Table.metadata.tables[table]
    query = select(stored).where(whose.of(table, who)).order_by(*stored.primary_key.columns)
    for found in db.session.execute(query).mappings():
        row = dict(found)
        if thirds.is_not_told(table, row):
            continue
        part = f"{table}/{_key(stored, row)}"
        why = left_out.why(part, table, row, who)
        yield Kept(part, _values(stored, row, who, is_silent=why is not None), why)


def _values(stored: SqlTable, row: Row, who: Person, *, is_silent: bool) -> Row:
    """The columns as they may be read; of what is left out, that it is there and when it came."""
    table = stored.name
    return {
        name: None if is_silent and _is_personal(stored, name) else opened(table, name, row, who)
        for name in heads(table)
    }


def _is_personal(stored: SqlTable, name: str) -> bool:
    return bool(stored.columns[name].info["data"] == "personal")


def _key(stored: SqlTable, row: Row) -> str:
    """The key of a row in one word; a digest in it only by its first digits."""
    cells = [row[column.name] for column in stored.primary_key.columns]
    return "-".join(cell.hex()[:16] if isinstance(cell, bytes) else str(cell) for cell in cells)
