"""Markdown: a document's numbers as a person reads them."""

from collections.abc import Iterator, Sequence
from typing import Any

Lines = Iterator[str]
Found = dict[str, Any]


def table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> Lines:
    """A table, with an empty line after it."""
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(str(one) for one in row)} |"
    yield ""


def verdict(one: Found) -> str:
    """Whether a figure is what it must be."""
    return "met" if one["is_met"] else "**not met**"


def times(spread: Found) -> str:
    """How long something took."""
    return f"{spread['p50_ms']} ms (median of {spread['times']}), {spread['max_ms']} ms at the most"


def whole(number: float) -> str:
    """A number without what is behind its point."""
    return f"{number:,.0f}"


def over(ours: float, theirs: float) -> float:
    """One over the other, to three digits behind the point."""
    return round(ours / theirs, 3)
