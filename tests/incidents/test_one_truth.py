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


def test_one_verb_forgets_a_suppression_and_it_forgets_a_bounce_only() -> None:
    """T20, T25: nothing else takes one away, and no schedule does."""
    takers = {
        path
        for path, source in _sources()
        if re.search(r"DELETE\s+FROM\s+suppressions|TRUNCATE|delete\(\s*Suppression", source)
    }
    assert takers == {"mailing/people/suppression.py"}
    source = (ROOT / "mailing/people/suppression.py").read_text()
    (body,) = re.findall(r"def lift_bounce(.*?)\n\n\n", source, re.DOTALL)
    assert source.count("delete(Suppression)") == body.count("delete(Suppression)") == 1
    # Whoever answers from a mailbox disproves that it bounces, and that its reader has moved away.
    assert re.findall(r"Why\.([A-Z]+)", body) == ["BOUNCE", "MOVED"]


def _writers(table: str, model: str) -> set[str]:
    wanted = rf"INSERT\s+INTO\s+{table}\b|UPDATE\s+{table}\b|DELETE\s+FROM\s+{table}\b"
    wanted += rf"|\binsert\(\s*{model}\s*\)|\bupdate\(\s*{model}\s*\)|\bdelete\(\s*{model}\s*\)"
    wanted += rf"|COPY\s+{table}\b|\bcopy\(\s*[\"']{table}[\"']|(?<!class )\b{model}\("
    return {path for path, source in _sources() if re.search(wanted, source)}


def _sources() -> list[tuple[str, str]]:
    found = [path for place in PRODUCT for path in sorted((ROOT / place).rglob("*.py"))]
    kept: list[Path] = [path for path in found if "migrations" not in path.parts]
    return [(str(path.relative_to(ROOT)), path.read_text()) for path in kept]
