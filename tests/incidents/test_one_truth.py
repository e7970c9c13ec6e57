"""There is one place where it stands who may be written to, and one way to it.

The product's own text is read here: who else writes to these tables would be a second store.
"""

import re
from pathlib import Path

from mailing.base.settings import ROOT

PRODUCT = ("mailing", "webapp", "worker", "console")


def test_standings_are_written_where_the_ledger_is_projected_and_nowhere_else() -> None:
    """T12: two stores of subscription drifted apart, and deleted accounts were mailed."""
    assert _writers("standings", "Standing") == {
        "mailing/people/standings.py",
        # Whoever was imported without evidence has no entry: a mark that only ever keeps out.
        "mailing/people/imports/persons.py",
        # Strangers alone: nothing of theirs can be there before (people/imports/writing.py).
        "mailing/people/imports/writing.py",
    }


def test_the_ledger_is_written_by_itself_alone() -> None:
    """T12, T18: nothing that synchronises can raise a consent past the ledger's own verb."""
    assert _writers("ledger", "Entry") == {
        "mailing/people/ledger.py",
        # The first entry of a stranger's chain; it raises an error where there is one already.
        "mailing/people/imports/writing.py",
    }


def test_a_suppression_is_forgotten_by_three_verbs_each_for_its_own_reason() -> None:
    """T20, T25: nothing else takes one away, and no schedule does."""
    takers = {
        path
        for path, source in _sources()
        if re.search(r"DELETE\s+FROM\s+suppressions|TRUNCATE|delete\(\s*Suppression", source)
    }
    assert takers == {"mailing/people/suppression.py"}
    source = (ROOT / "mailing/people/suppression.py").read_text()
    verbs = {
        # Whoever answers from a mailbox disproves that it bounces, and that its reader has moved.
        "lift_bounce": ["BOUNCE", "MOVED"],
        # Their own words, taken back by themselves: staff's stay.
        "lift_own": ["STAFF"],
        # One bounce that a person found to be no fault of the mailbox.
        "forget_bounce": ["BOUNCE"],
    }
    bodies = {name: re.findall(rf"def {name}(.*?)\n\n\n", source, re.DOTALL) for name in verbs}
    assert {name: re.findall(r"Why\.([A-Z]+)", body) for name, (body,) in bodies.items()} == verbs
    assert all(body.count("delete(Suppression)") == 1 for (body,) in bodies.values())
    assert source.count("delete(Suppression)") == len(verbs)
    assert "Suppression.detail == detail" in bodies["forget_bounce"][0]
    assert "if why is not Why.STAFF" in bodies["lift_own"][0]


def _writers(table: str, model: str) -> set[str]:
    wanted = rf"INSERT\s+INTO\s+{table}\b|UPDATE\s+{table}\b|DELETE\s+FROM\s+{table}\b"
    wanted += rf"|\binsert\(\s*{model}\s*\)|\bupdate\(\s*{model}\s*\)|\bdelete\(\s*{model}\s*\)"
    wanted += rf"|COPY\s+{table}\b|\bcopy\(\s*[\"']{table}[\"']|(?<!class )\b{model}\("
    return {path for path, source in _sources() if re.search(wanted, source)}


def _sources() -> list[tuple[str, str]]:
    found = [path for place in PRODUCT for path in sorted((ROOT / place).rglob("*.py"))]
    kept: list[Path] = [path for path in found if "migrations" not in path.parts]
    return [(str(path.relative_to(ROOT)), path.read_text()) for path in kept]
