"""What became of the rows: each in exactly one count, and each that was refused, or that waits in
quarantine, in the errors file with the reason and what to do.

The errors file names row and column and never repeats a value, so it may lie about like a log.
"""

import csv
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Self

from mailing.people.imports.table import Record

_SHOWN = 20
_LONGEST = 200
_COLUMNS = ("row", "result", "column", "problem", "remedy")
_HEADER = (*_COLUMNS[:-1], "what to do")


class Outcome(StrEnum):
    """What became of one row."""

    NEW = "new"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    QUARANTINED = "quarantined"
    SUPPRESSED = "suppressed_kept_out"
    LEFT = "left_kept_out"
    INVALID = "invalid"


@dataclass(frozen=True)
class Fault:
    """Why a row, or its evidence, was not taken, and what to do. It holds no value of the row."""

    column: str
    problem: str
    remedy: str


WHY = {
    Outcome.SUPPRESSED: Fault(
        "email", "The address is suppressed.", "Leave it; nothing in a file lifts a suppression."
    ),
    Outcome.LEFT: Fault(
        "email",
        "The person has left or is blocked.",
        "Leave it; they return by the form, of their own accord.",
    ),
    Outcome.QUARANTINED: Fault(
        "consent_at",
        "The row says nothing of when and how they agreed.",
        "Add when, through which form and under which policy version; until then it is not mailed.",
    ),
}


@dataclass(frozen=True)
class ImportReport:
    """How many rows came to what; the seven counts add up to `rows`."""

    rows: int
    new: int
    updated: int
    unchanged: int
    quarantined: int
    suppressed_kept_out: int
    left_kept_out: int
    invalid: int
    errors_file: Path | None


class Tally:
    """Counts rows as they come to something, and writes the errors file once there is an error.

    `first` are the first rows that were refused, and the first that wait in quarantine, with what
    stood in them, column by column in the file's order.
    """

    def __init__(
        self,
        errors_file: Path,
        counted: Mapping[Outcome, int] | None = None,
        first: Iterable[dict[str, Any]] = (),
    ) -> None:
        self.counts: Counter[Outcome] = Counter(counted)
        self.first: list[dict[str, Any]] = []
        self._shown: Counter[bool] = Counter()
        for shown in first:
            self._show(shown)
        self._path = errors_file
        self._file: TextIOWrapper | None = None

    def count(self, record: Record, outcome: Outcome, fault: Fault | None = None) -> None:
        """One row came to `outcome`, because of `fault` if there is one."""
        self.counts[outcome] += 1
        fault = fault or WHY.get(outcome)
        if fault is None:
            return
        line = (record.number, outcome.value, fault.column, fault.problem, fault.remedy)
        csv.writer(self._open()).writerow(line)
        if self._shown[outcome is Outcome.QUARANTINED] < _SHOWN:
            values = [(name, value[:_LONGEST]) for name, value in (record.values or {}).items()]
            self._show({**dict(zip(_COLUMNS, line, strict=True)), "values": values})

    def go_on_behind(self, row: int) -> None:
        """Keep of an errors file that is there what is about rows up to this one, and add to it."""
        if not self._path.exists():
            return
        with self._path.open(encoding="utf-8", newline="") as file:
            lines = [line for line in csv.reader(file) if line and line[0].isdigit()]
        self._path.unlink()
        kept = [line for line in lines if int(line[0]) <= row]
        if kept:
            csv.writer(self._open()).writerows(kept)

    def flush(self) -> None:
        """Let the errors so far be read, before the rows that they are about are committed."""
        if self._file is not None:
            self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._file is not None:
            self._file.close()

    def report(self) -> ImportReport:
        """The counts so far."""
        return ImportReport(
            rows=self.counts.total(),
            errors_file=self._path if self._file is not None else None,
            **{outcome.value: self.counts[outcome] for outcome in Outcome},
        )

    def _show(self, row: dict[str, Any]) -> None:
        """A file of which all waits in quarantine hides no error, and the other way round."""
        self._shown[row["result"] == Outcome.QUARANTINED.value] += 1
        self.first.append(row)

    def _open(self) -> TextIOWrapper:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            opened = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            self._file = os.fdopen(opened, "w", encoding="utf-8", newline="")
            csv.writer(self._file).writerow(_HEADER)
        return self._file
