"""What a command says: one answer on standard output, talk on standard error.

With `--json` standard output holds exactly one JSON document, errors included
(contract.md): `{"error": sentence, "code": name}`.
"""

import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from dataclasses import fields as dataclass_fields
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from mailing.base.errors import Invalid


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of one command.

    `document` is what `--json` prints; `text` is for people, made from the document where
    nothing better is given. `exit_code` is for answers that are complete and still a "no".
    """

    document: Any
    text: str | None = None
    exit_code: int = 0


def show(answer: Answer, as_json: bool) -> None:
    """Print the answer on standard output."""
    if as_json:
        click.echo(one_line(answer.document))
        return
    text = answer.text if answer.text is not None else readable(plain(answer.document))
    if text:
        click.echo(text)


def complain(sentence: str, code: str, as_json: bool, **more: Any) -> None:
    """Say on standard error what went wrong; with `--json` on standard output too."""
    talk(f"kelisim: {sentence}")
    if as_json:
        click.echo(one_line({"error": sentence, "code": code, **more}))


def talk(sentence: str) -> None:
    """Something for a person to read meanwhile; never part of the answer."""
    click.echo(sentence, err=True)


def tolerate_narrow_terminals() -> None:
    """Kazakh letters must not end a command where the terminal knows only Latin-1."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def one_line(document: Any) -> str:
    """The document as JSON on one line; text that any terminal can carry stays readable."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "")
    return json.dumps(plain(document), ensure_ascii=encoding != "utf8")


def plain(value: Any) -> Any:
    """The same in the shapes that JSON has; times as RFC 3339, tuples and sets as arrays."""
    if isinstance(value, Mapping):
        return {_key(key): plain(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclass_fields(value)}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    return _scalar(value)


def _key(key: Any) -> str:
    return "null" if key is None else str(_scalar(key))


def _scalar(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (UUID, Path)):
        return str(value)
    return value.hex() if isinstance(value, bytes) else value


def readable(document: Any, indent: str = "") -> str:
    """A document of plain shapes as lines for a person."""
    if isinstance(document, dict):
        return "\n".join(_line(name, item, indent) for name, item in document.items())
    if isinstance(document, list):
        return _list(document, indent)
    return f"{indent}{_word(document)}"


def table(rows: Iterable[Sequence[Any]], heads: Sequence[str] = ()) -> str:
    """Rows in aligned columns, under their heads where given; times to the second."""
    cells = [[str(head) for head in heads]] if heads else []
    cells += [[_cell(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def fitted(rows: Sequence[Sequence[Any]], heads: Sequence[str]) -> str:
    """A table, or, where a terminal is too narrow for it, a line for each value and a gap between
    rows: columns that wrap cannot be read. What goes into a pipe or a file stays a table."""
    drawn = table(rows, heads)
    room = shutil.get_terminal_size((0, 0)).columns
    if not room or all(len(line) <= room for line in drawn.splitlines()):
        return drawn
    return "\n\n".join(_one_below_another(heads, row) for row in rows)


def _one_below_another(heads: Sequence[str], row: Sequence[Any]) -> str:
    width = max(len(head) for head in heads)
    below = "\n" + " " * (width + 2)
    cells = [_cell(cell).replace("\n", below) for cell in row]
    return "\n".join(
        f"{head:<{width}}  {cell}".rstrip() for head, cell in zip(heads, cells, strict=True)
    )


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return _word(plain(value))


def _line(name: str, item: Any, indent: str) -> str:
    if isinstance(item, (dict, list)) and item:
        return f"{indent}{name}:\n{readable(item, indent + '  ')}"
    return f"{indent}{name}: {_word(item)}"


def _list(items: list[Any], indent: str) -> str:
    if items and all(isinstance(item, dict) for item in items) and _same_keys(items):
        rows = fitted([list(item.values()) for item in items], list(items[0]))
        return "\n".join((indent + row).rstrip() for row in rows.splitlines())
    return "\n".join(readable(item, indent) for item in items) or f"{indent}none"


def _same_keys(items: list[dict[str, Any]]) -> bool:
    return all(list(item) == list(items[0]) for item in items)


def _word(value: Any) -> str:
    if value is None or value in ([], {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_word(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {_word(item)}" for name, item in value.items())
    return str(value)


def write_new(out: Path, words: str) -> None:
    """A file that only its owner reads; never over one that is there. Raises Invalid."""
    try:
        with out.open("x", encoding="utf-8", newline="") as file:
            out.chmod(0o600)
            file.write(words)
    except FileExistsError:
        raise Invalid(f"{out} exists already; name a new file.", "out") from None


def demand_new(out: Path) -> None:
    """Raises Invalid where a file is there already, before anything is read for it."""
    if out.exists():
        raise Invalid(f"{out} exists already; name a new file.", "out")


def write_octets(out: Path, octets: bytes) -> None:
    """The same for a file that is no text. Raises Invalid."""
    try:
        with out.open("xb") as file:
            out.chmod(0o600)
            file.write(octets)
    except FileExistsError:
        raise Invalid(f"{out} exists already; name a new file.", "out") from None
