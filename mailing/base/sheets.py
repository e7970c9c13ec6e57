"""Sheets: rows as CSV that a spreadsheet opens without running what somebody typed."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

# What a cell begins with to be a formula (OWASP, CSV injection); tab and CR lead there as well.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def sheet(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The rows under their heads, with a byte order mark, which tells Excel that it is UTF-8."""
    written = StringIO()
    writer = csv.writer(written)
    writer.writerow(heads)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return "\ufeff" + written.getvalue()


def harmless(cell: object) -> str:
    """The cell as text; an apostrophe before whatever a spreadsheet would take for a formula."""
    said = "" if cell is None else str(cell)
    return f"'{said}" if said.lstrip(" \u00a0").startswith(_FORMULA) or said[:1].isspace() else said
