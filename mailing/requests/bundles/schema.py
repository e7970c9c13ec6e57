"""The JSON Schema of `data.json` (draft 2020-12): what a program may count on."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    SmallInteger,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from mailing.base.database import Table
from mailing.requests.bundles import rows
from mailing.requests.bundles.columns import OPENED

Schema = dict[str, Any]

_TEXT: Schema = {"type": ["string", "null"]}
_TIME: Schema = {"type": ["string", "null"], "format": "date-time"}
_FACTS: Schema = {"type": "array", "items": {"type": "object"}}
_LIST = ("topics", "forms", "not_sent", "receipts", "choices", "corrections", "address_changes")


def schema(document: dict[str, Any]) -> Schema:
    """The shape of this document: every section, every table, every column."""
    properties = {
        "made_at": {"type": "string", "format": "date-time"},
        "operator": _object(dict.fromkeys(("name", "bin", "address", "contact"), _TEXT)),
        "person": {"type": "object", "required": ["id", "email"]},
        **dict.fromkeys(_LIST, _FACTS),
        "consents": {"type": "array", "items": _CONSENT},
        "messages": {"type": "array", "items": _MESSAGE},
        "letters": {"type": "array", "items": {"type": "string"}},
        "tables": _object({one: _rows(one) for one in document["tables"]}),
        "left_out": {"type": "array", "items": _object({"what": _TEXT, "why": _TEXT})},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Everything that is held about one person",
        **_object(properties),
    }


_CONSENT: Schema = {
    "type": "object",
    "required": ["seq", "at", "kind", "topic", "source", "wording", "policy", "hash"],
    "properties": {
        "seq": {"type": "integer"},
        "at": {"type": "string", "format": "date-time"},
        "kind": {"type": "string"},
        "topic": {"type": "string"},
        "wording": _TEXT,
        "hash": {"type": "string"},
    },
}
_MESSAGE: Schema = {
    "type": "object",
    "required": ["at", "kind", "subject", "state", "message_id", "file"],
    "properties": {"at": _TIME, "kind": {"type": "string"}, "subject": _TEXT, "file": _TEXT},
}


def _rows(table: str) -> Schema:
    columns = Table.metadata.tables[table].columns
    fields = {name: _column(table, name, columns[name].type) for name in rows.heads(table)}
    return {"type": "array", "items": _object(fields)}


def _column(table: str, name: str, kind: TypeEngine[Any]) -> Schema:
    if f"{table}.{name}" in OPENED:
        return {"type": ["object", "array", "string", "null"]}
    if isinstance(kind, DateTime | Date):
        return {"type": ["string", "null"]} | ({"format": "date-time"} if _is_time(kind) else {})
    names = [one for types, one in _TYPES if isinstance(kind, types)] or ["string"]
    return {"type": [*(names[0].split()), "null"]}


_TYPES: tuple[tuple[Any, str], ...] = (
    (Boolean, "boolean"),
    (BigInteger | Integer | SmallInteger, "integer"),
    (ARRAY, "array"),
    (JSONB, "object array"),
    (LargeBinary, "string"),
)


def _is_time(kind: TypeEngine[Any]) -> bool:
    return isinstance(kind, DateTime)


def _object(properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
