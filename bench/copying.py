"""COPY: rows by the thousand into a table, in PostgreSQL's own binary form."""

from collections.abc import Sequence
from typing import Any

import psycopg

Row = dict[str, Any]

_TYPES = {
    "id": "uuid",
    "subscriber_id": "uuid",
    "digest": "bytea",
    "personal": "bytea",
    "ledger_head": "bytea",
    "evidence_hash": "bytea",
    "prev_hash": "bytea",
    "hash": "bytea",
    "provider": "text",
    "language": "text",
    "kind": "text",
    "source": "text",
    "actor": "text",
    "standing": "text",
    "ledger_seq": "int4",
    "seq": "int4",
    "topic_id": "int4",
    "policy_id": "int4",
    "entry_id": "int8",
    "at": "timestamptz",
    "since": "timestamptz",
    "of_everything": "bool",
    "quarantined": "bool",
    "refused": "bool",
    "signed_up_at": "timestamptz",
    "signed_up_site": "text",
    "signed_up_form": "text",
}


def copy(database: psycopg.Connection, table: str, rows: Sequence[Row], **types: str) -> None:
    """Write rows that all have the same columns; `types` are of columns that differ here.

    Raises KeyError for a column whose type is not known.
    """
    names = list(rows[0])
    order = f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT binary)"
    with database.cursor() as cursor, cursor.copy(order) as lines:
        lines.set_types([(_TYPES | types)[name] for name in names])
        for row in rows:
            lines.write_row(tuple(row.values()))
