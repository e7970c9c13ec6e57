"""Every incident that we promised to keep out has a test that names it, and a line in the docs."""

import re
from pathlib import Path

from mailing.base.settings import ROOT

PROMISED = {
    *("T8", "T10", "T11", "T12", "T13", "T15", "T16", "T17", "T18", "T19", "T20"),
    *("T21", "T22", "T23", "T24", *(f"T{number}" for number in range(27, 44)), "T55"),
    *("T56", "T57", "T58"),
    *("T59", "T60", "T61", "T62"),
    *("T44", "T47", "T50", "T52", "T53"),
}
NUMBER = re.compile(r"\bT\d{1,2}\b")
TABLE = ROOT / "docs" / "incidents.md"


def cited() -> dict[str, set[str]]:
    """The numbers that tests name, and the files that name them."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if path != Path(__file__):
            for number in NUMBER.findall(path.read_text()):
                found.setdefault(number, set()).add(path.name)
    return found


def told() -> dict[str, str]:
    """The numbers of the table, and the file of tests that each line names."""
    found = {}
    for line in TABLE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        for number in NUMBER.findall(cells[0]) if line.startswith("| T") else []:
            found[number] = cells[-1].strip("`")
    return found


def test_every_promised_incident_is_named_by_a_test() -> None:
    assert sorted(PROMISED - set(cited())) == []


def test_every_promised_incident_has_a_line_and_its_file_names_it() -> None:
    assert sorted(PROMISED - set(told())) == []
    wrong = {n: file for n, file in told().items() if file not in cited().get(n, set())}
    assert wrong == {}
