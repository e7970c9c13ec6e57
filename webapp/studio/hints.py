"""A refused row as the studio shows it: enough to find it in the file, not enough to write to."""

from typing import Any

from mailing.people.imports.table import FIELDS
from webapp.studio.masking import masked

_LONGEST = 40


def hinted(fault: dict[str, Any]) -> dict[str, Any]:
    """The same fault with its values masked."""
    values = {name: _hint(name, value) for name, value in fault["values"].items()}
    return {**fault, "values": values}


def _hint(name: str, value: str) -> str:
    if name == "email" and value.count("@") == 1 and not value.startswith("@"):
        return masked(value)[:_LONGEST]
    if name == "email" or name in FIELDS:
        return f"{value[:1]}…" if value else ""
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
