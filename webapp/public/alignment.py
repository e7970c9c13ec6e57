"""Two sequences side by side: the longest that they have in common, and what stands between.

Time goes with the product of the lengths and with nothing else: a general differ takes minutes
over a few hundred lines that are all alike (47 s were measured for 1,200).
"""

from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Stretch(NamedTuple):
    """`old[a:b]` became `new[c:d]`; the same where `is_kept`."""

    is_kept: bool
    a: int
    b: int
    c: int
    d: int


def work(old: Sequence[str], new: Sequence[str]) -> int:
    """What `stretches` costs, in cells of a table: some ten million are a second."""
    head, tail = _ends(old, new)
    return (len(old) - head - tail) * (len(new) - head - tail)


def stretches(old: Sequence[str], new: Sequence[str]) -> Iterator[Stretch]:
    """What was kept and what was replaced, in order."""
    place = (0, 0)
    for a, c, length in [*_runs(old, new), (len(old), len(new), 0)]:
        if (a, c) != place:
            yield Stretch(False, place[0], a, place[1], c)
        if length:
            yield Stretch(True, a, a + length, c, c + length)
        place = (a + length, c + length)


def _runs(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Where both have the same, and how much of it."""
    run: tuple[int, int, int] | None = None
    for a, c in _pairs(old, new):
        if run and (a, c) == (run[0] + run[2], run[1] + run[2]):
            run = (run[0], run[1], run[2] + 1)
            continue
        if run:
            yield run
        run = (a, c, 1)
    if run:
        yield run


def _pairs(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int]]:
    head, tail = _ends(old, new)
    yield from ((at, at) for at in range(head))
    inner_old, inner_new = old[head : len(old) - tail], new[head : len(new) - tail]
    yield from ((head + a, head + c) for a, c in _longest(inner_old, inner_new))
    yield from ((len(old) - at, len(new) - at) for at in range(tail, 0, -1))


def _ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How much is the same at the beginning, and how much of the rest at the end."""
    shorter = min(len(old), len(new))
    head = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    rest = shorter - head
    tail = next((at for at in range(rest) if old[-1 - at] != new[-1 - at]), rest)
    return head, tail


def _longest(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int]]:
    """A longest common subsequence, from a table of the lengths that are left from each place."""
    if not old or not new:
        return
    table = _table(old, new)
    a = c = 0
    while a < len(old) and c < len(new):
        if old[a] == new[c]:
            yield a, c
            a, c = a + 1, c + 1
        elif table[a + 1][c] >= table[a][c + 1]:
            a += 1
        else:
            c += 1


def _table(old: Sequence[str], new: Sequence[str]) -> "list[array[int]]":
    width = len(new)
    below = array("I", bytes(4 * (width + 1)))
    rows = [below]
    for word in reversed(old):
        row = array("I", bytes(4 * (width + 1)))
        right = 0
        for at in range(width - 1, -1, -1):
            if new[at] == word:
                right = below[at + 1] + 1
            elif below[at] > right:
                right = below[at]
            row[at] = right
        rows.append(row)
        below = row
    rows.reverse()
    return rows
