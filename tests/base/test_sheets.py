"""Sheets: what somebody typed never runs in a spreadsheet."""

import csv
from io import StringIO

import pytest

from mailing.base.sheets import sheet


@pytest.mark.parametrize(
    "typed",
    ["=1+1", "+7 701", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1+1", '=HYPERLINK("x")'],
)
def test_a_formula_is_text(typed: str) -> None:
    ((_, row),) = [list(csv.reader(StringIO(sheet(("a",), [(typed,)]), newline="")))]
    assert row == ["'" + typed]


def test_everything_else_stays_as_it_is() -> None:
    written = sheet(("a", "b"), [("dana@example.com", None), ('a,"b"\nc', 7)])
    assert written.startswith("\ufeff")
    rows = list(csv.reader(StringIO(written.removeprefix("\ufeff"), newline="")))
    assert rows == [["a", "b"], ["dana@example.com", ""], ['a,"b"\nc', "7"]]
