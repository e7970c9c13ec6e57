"""A reader of JSON Schema, as much of draft 2020-12 as the schema of a bundle uses."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

_KNOWN = {"$schema", "title", "type", "format", "required", "properties", "items"} | {
    "additionalProperties"
}
_TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
    "null": type(None),
}


def troubles(schema: Any, value: Any) -> list[str]:
    """Where a value is not what the schema says."""
    return list(_look(schema, value, "$"))


def _look(schema: Any, value: Any, place: str) -> Iterator[str]:
    assert set(schema) <= _KNOWN, f"{place}: the reader knows no {set(schema) - _KNOWN}"
    kinds = schema.get("type", list(_TYPES))
    if not any(_is(value, one) for one in ([kinds] if isinstance(kinds, str) else kinds)):
        yield f"{place} is no {kinds}"
    elif isinstance(value, dict):
        yield from _look_inside(schema, value, place)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _look(schema.get("items", {}), item, f"{place}[{number}]")
    elif isinstance(value, str) and schema.get("format") == "date-time":
        datetime.fromisoformat(value)


def _look_inside(schema: Any, value: dict[str, Any], place: str) -> Iterator[str]:
    known = schema.get("properties", {})
    yield from (
        f"{place}.{one} is missing" for one in schema.get("required", ()) if one not in value
    )
    for name, item in value.items():
        if name in known:
            yield from _look(known[name], item, f"{place}.{name}")
        elif schema.get("additionalProperties", True) is False:
            yield f"{place}.{name} is not known"


def _is(value: Any, kind: str) -> bool:
    if kind == "integer" and isinstance(value, bool):
        return False
    return isinstance(value, _TYPES[kind])
