"""Arrays as PostgreSQL reads them: `CAST(:ids AS uuid[])` takes such a text.

The driver spells each element by a chain of searches; for a thousand rows of ten columns that took
longer than everything else about them.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from struct import Struct
from typing import Any
from uuid import UUID


def array_of(values: Iterable[Any]) -> str:
    """One array of UUIDs, numbers, texts, octets, truths or times with a zone; None is NULL.

    Where all are the same (a column of one import, say) one of them is spelt."""
    every = list(values)
    if every and every[0] == every[-1] and every.count(every[0]) == len(every):
        return "{" + ",".join([_spelt(every[0])] * len(every)) + "}"
    return "{" + ",".join([_BY_TYPE.get(type(one), _other)(one) for one in every]) + "}"


def ids(values: Iterable[UUID]) -> bytes:
    """An array of ids in PostgreSQL's binary form, for what is said over a round trip: 0.3 us a
    value, where psycopg's own way takes 3; and PostgreSQL has no letters to read."""
    every = [value.int.to_bytes(16, "big") for value in values]
    if not every:
        return _NO_IDS
    return _HEAD.pack(1, 0, _UUID, len(every), 1) + _SIXTEEN + _SIXTEEN.join(every)


# Dimensions, whether there are NULLs, the type; of the one dimension its length and lower bound.
_HEAD, _UUID, _SIXTEEN = Struct(">iiiii"), 2950, (16).to_bytes(4, "big")
_NO_IDS = Struct(">iii").pack(0, 0, _UUID)


def numbers(values: Iterable[float]) -> str:
    """An array of numbers as PostgreSQL reads it."""
    return "{" + str(list(values))[1:-1] + "}"


def octets(value: bytes) -> str:
    """Octets as PostgreSQL reads them, outside an array."""
    return f"\\x{value.hex()}"


def columns(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Rows of the same columns as an array for each of them."""
    return {name: array_of([row[name] for row in rows]) for name in rows[0]}


def _spelt(value: Any) -> str:
    return _BY_TYPE.get(type(value), _other)(value)


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _octets(value: bytes) -> str:
    return f'"\\\\x{value.hex()}"'


def _time(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("a time without a zone is another one on another server")
    return value.isoformat()


def _other(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    raise TypeError(f"nobody has said how a {type(value).__name__} is spelt in an array")


_BY_TYPE: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "NULL",
    bool: lambda value: "t" if value else "f",
    bytes: _octets,
    datetime: _time,
    int: str,
    str: _text,
    UUID: lambda value: value.hex,
}
