"""The file: its columns, which is a closed list (policy 3.1 to 3.3), and its rows as read."""

import codecs
import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from hashlib import sha256
from io import TextIOWrapper
from operator import or_
from typing import BinaryIO

from mailing.base.errors import Invalid
from mailing.policies import versions

FIELDS = ("surname", "given_name", "patronymic", "phone")
CLAIMS = ("consent_at", "consent_form", "consent_policy", "consent_wording")
COLUMNS = ("email", *FIELDS, "language", *CLAIMS)

_BLOCK = 1 << 20
_LONGEST_HEADER = 1 << 16


@dataclass(frozen=True)
class Record:
    """One row by column; `number` counts as a spreadsheet does, the header being row 1.

    `values` are trimmed; None for a row that does not have the header's columns or cannot be read.
    """

    number: int
    values: dict[str, str] | None


def fingerprint(file: BinaryIO) -> str:
    """The SHA-256 (hex) of the whole file, which is read once for it, block by block.

    Raises `Invalid` where the bytes are not UTF-8, before anything is made of them.
    """
    digest, decoder, lines = sha256(), codecs.getincrementaldecoder("utf-8")(), 1
    while block := file.read(_BLOCK):
        digest.update(block)
        lines += _demand_utf8(decoder, block, lines)
    _demand_utf8(decoder, b"", lines, final=True)
    file.seek(0)
    return digest.hexdigest()


def as_text(file: BinaryIO) -> TextIOWrapper:
    """The same file as text, with or without a byte order mark; closing one closes both."""
    return TextIOWrapper(file, encoding="utf-8-sig", newline="")


def records(text: TextIOWrapper, mapping: Mapping[str, str], today: date) -> Iterator[Record]:
    """The rows, one at a time. `mapping` gives our name for each column named otherwise.

    Raises `Invalid`, with the column's name, at once and before the first row, for a header
    that holds an undeclared, a doubled or no `email` column.
    """
    reader = _reader(text)
    header = _header(_first(reader), mapping, today)
    return _rows(reader, header)


def names(text: TextIOWrapper) -> list[str]:
    """The columns as the file names them. Raises `Invalid` where they cannot be read."""
    return [name.strip() for name in _first(_reader(text))]


def _reader(text: TextIOWrapper) -> Iterator[list[str]]:
    try:
        return csv.reader(text, delimiter=_delimiter(text), strict=True)
    except UnicodeDecodeError:
        raise Invalid("The file is not UTF-8; save it as CSV UTF-8 and try again.") from None


def _first(reader: Iterator[list[str]]) -> list[str]:
    try:
        return next(reader, [])
    except csv.Error:
        raise Invalid(
            "The first line cannot be read as the names of columns; check its quotes."
        ) from None


def _demand_utf8(
    decoder: codecs.IncrementalDecoder, block: bytes, line: int, final: bool = False
) -> int:
    """The number of line ends in the block."""
    try:
        return decoder.decode(block, final).count("\n")
    except UnicodeDecodeError as error:
        line += block[: error.start].count(b"\n")
        raise Invalid(
            f"The file is not UTF-8 (about line {line}); save it as CSV UTF-8 and try again."
        ) from None


def _delimiter(text: TextIOWrapper) -> str:
    """Where the comma is the decimal sign, spreadsheets write semicolons; others write tabs."""
    first = text.readline(_LONGEST_HEADER)
    text.seek(0)
    if "," in first:
        return ","
    return next((sign for sign in ";\t" if sign in first), ",")


def _header(names: list[str], mapping: Mapping[str, str], today: date) -> list[str]:
    ours = [_our_name(name.strip(), mapping) for name in names]
    _demand_used(mapping, names)
    _demand_declared(ours, today)
    doubled = next((name for name in ours if ours.count(name) > 1), None)
    if doubled:
        raise Invalid(f"Two columns are {doubled}; leave one of them.")
    if "email" not in ours:
        raise Invalid("No column is email; name the one that is: --map THEIRS=email.")
    return ours


def _our_name(name: str, mapping: Mapping[str, str]) -> str:
    ours = mapping.get(name, name.lower())
    if ours in COLUMNS:
        return ours
    raise Invalid(
        f"The column {name!r} is not declared. Take it out of the file, or say which of these"
        f" it is with --map {name}=…: {', '.join(COLUMNS)}."
    )


def _demand_used(mapping: Mapping[str, str], names: list[str]) -> None:
    stripped = {name.strip() for name in names}
    unused = next((theirs for theirs in mapping if theirs not in stripped), None)
    if unused is not None:
        raise Invalid(f"--map names the column {unused!r}, which the file does not have.")


def _demand_declared(names: list[str], today: date) -> None:
    """A personal field needs the policy in force to declare it, else any that is kept."""
    policy = versions.in_force(today)
    kept = [policy] if policy else versions.all_versions()
    declared: set[str] = reduce(or_, (set(one.fields) for one in kept), set())
    wrong = next((name for name in names if name in FIELDS and name not in declared), None)
    if wrong is not None:
        raise Invalid(f"The policy does not declare the field {wrong}; take the column out.")


def _rows(reader: Iterator[list[str]], header: list[str]) -> Iterator[Record]:
    number = 1
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Record(number, None)
            continue
        if any(cells) and any(map(str.strip, cells)):  # Spreadsheets end in rows of nothing.
            fits = len(cells) == len(header)
            trimmed = dict(zip(header, map(str.strip, cells), strict=True)) if fits else None
            yield Record(number, trimmed)
