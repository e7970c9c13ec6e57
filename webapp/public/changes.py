"""What one policy text says that another does not: clause by clause, the words in them marked.

Where a line was wrapped does not count. A comparison is bounded, whatever the texts: beyond the
bounds it names whole clauses, and beyond those nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from mailing.policies.clauses import Clause, clauses
from webapp.public import alignment

# Cells of tables, over clauses and words together: about half a second.
MOST_WORK = 4_000_000
_ALIKE = 0.4  # of its words: below that a clause is another one
_WORD = re.compile(r"\S+")


class Kind(StrEnum):
    """What became of a clause, or of some words in it."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    KEPT = "kept"


@dataclass(frozen=True)
class Piece:
    """Some words, and what became of them."""

    kind: Kind
    words: str


@dataclass(frozen=True)
class Change:
    """One clause that the texts do not have alike: added, removed, or changed in these pieces."""

    kind: Kind
    pieces: tuple[Piece, ...]


@lru_cache(maxsize=32)
def between(before: str, after: str) -> tuple[Change, ...] | None:
    """The clauses that differ, in reading order; empty where no word differs.

    None for texts that are too long to compare while somebody waits. Texts never change, so a
    comparison is made once.
    """
    old, new = clauses(before), clauses(after)
    texts = [clause.text for clause in old], [clause.text for clause in new]
    if alignment.work(*texts) > MOST_WORK:
        return None
    comparison = _Comparison(MOST_WORK - alignment.work(*texts))
    return tuple(
        change
        for kept, a, b, c, d in alignment.stretches(*texts)
        if not kept
        for change in comparison.replaced(old[a:b], new[c:d])
    )


@dataclass
class _Comparison:
    """How much work may still be spent on single words."""

    left: int

    def replaced(self, old: list[Clause], new: list[Clause]) -> Iterator[Change]:
        """What became of these clauses, in the order of reading."""
        partners = _partners(old, new)
        waiting = iter(old)
        for clause in new:
            partner = partners.get(id(clause))
            if partner is None:
                yield _whole(Kind.ADDED, clause)
                continue
            for gone in waiting:
                if gone is partner:
                    break
                yield _whole(Kind.REMOVED, gone)
            yield from self._changed(partner, clause)
        yield from (_whole(Kind.REMOVED, gone) for gone in waiting)

    def _changed(self, old: Clause, new: Clause) -> Iterator[Change]:
        before, after = _WORD.findall(old.text), _WORD.findall(new.text)
        self.left -= alignment.work(before, after)
        if self.left >= 0:
            pieces = tuple(_pieces(before, after))
            kept = sum(len(one.words.split()) for one in pieces if one.kind is Kind.KEPT)
            if kept > _ALIKE * max(len(before), len(after)):
                yield Change(Kind.CHANGED, pieces)
                return
        yield _whole(Kind.REMOVED, old)
        yield _whole(Kind.ADDED, new)


def _partners(old: list[Clause], new: list[Clause]) -> dict[int, Clause]:
    """The old clause that each new one is compared with: the one of its number, in order."""
    places: dict[tuple[int, ...], list[int]] = {}
    for at in range(len(old) - 1, -1, -1):
        places.setdefault(old[at].number, []).append(at)
    found: dict[int, Clause] = {}
    place = 0
    for clause in new:
        same = places.get(clause.number, [])
        while same and same[-1] < place:
            same.pop()
        if same:
            place = same.pop() + 1
            found[id(clause)] = old[place - 1]
    return found


def _pieces(before: list[str], after: list[str]) -> Iterator[Piece]:
    for is_kept, a, b, c, d in alignment.stretches(before, after):
        if is_kept:
            yield Piece(Kind.KEPT, " ".join(after[c:d]))
            continue
        if b > a:
            yield Piece(Kind.REMOVED, " ".join(before[a:b]))
        if d > c:
            yield Piece(Kind.ADDED, " ".join(after[c:d]))


def _whole(kind: Kind, clause: Clause) -> Change:
    return Change(kind, (Piece(kind, clause.text),))
