"""What became of the rows: each in exactly one count, and each that was refused in the errors file.

The errors file names row and column and never repeats a value, so it may lie about like a log.
"""

import csv
import os
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import Self


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


KEPT_OUT = {
    Outcome.SUPPRESSED: Fault(
        "email", "The address is suppressed.", "Leave it; nothing in a file lifts a suppression."
    ),
    Outcome.LEFT: Fault(
        "email",
        "The person has left or is blocked.",
        "Leave it; they return by the form, of their own accord.",
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
    """Counts rows as they come to something, and writes the errors file once there is an error."""

    def __init__(self, errors_file: Path) -> None:
        self.counts: Counter[Outcome] = Counter()
        self._path = errors_file
        self._file: TextIOWrapper | None = None

    def count(self, row: int, outcome: Outcome, fault: Fault | None = None) -> None:
        """Row `row` (the header is row 1) came to `outcome`, because of `fault` if there is one."""
        self.counts[outcome] += 1
        fault = fault or KEPT_OUT.get(outcome)
        if fault is not None:
            line = (row, outcome.value, fault.column, fault.problem, fault.remedy)
            csv.writer(self._open()).writerow(line)

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

    def _open(self) -> TextIOWrapper:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            opened = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            self._file = os.fdopen(opened, "w", encoding="utf-8", newline="")
            csv.writer(self._file).writerow(("row", "result", "column", "problem", "what to do"))
        return self._file
