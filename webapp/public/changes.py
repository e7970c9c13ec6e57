"""What one policy text says that the one before did not: line by line, in their own words."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

# Beyond this a comparison takes seconds; a policy of that size is read, not compared.
MOST_LINES = 3000


class Kind(StrEnum):
    """What became of a line."""

    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class Change:
    """One line that only one of the two texts has."""

    kind: Kind
    line: str


def between(before: str, after: str) -> list[Change] | None:
    """The lines removed and added, in reading order; blank lines and indentation do not count.

    None for texts that are too long to compare while somebody waits.
    """
    old, new = _lines(before), _lines(after)
    if max(len(old), len(new)) > MOST_LINES:
        return None
    return list(_changes(old, new))


def _changes(old: list[str], new: list[str]) -> Iterator[Change]:
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for step, old_from, old_to, new_from, new_to in steps:
        if step != "equal":
            yield from (Change(Kind.REMOVED, line) for line in old[old_from:old_to])
            yield from (Change(Kind.ADDED, line) for line in new[new_from:new_to])


def _lines(text: str) -> list[str]:
    spaced = (" ".join(line.split()) for line in text.split("\n"))
    return [line for line in spaced if line]
