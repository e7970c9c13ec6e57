"""Paging: lists that are read page by page, where what comes in meanwhile moves nothing.

A page begins where the one before it ended: at the moment and the id of its last row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

Row = TypeVar("Row")

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = 10**16


@dataclass(frozen=True)
class Turned:
    """Which way a page was turned to: back to newer rows, or from the beginning."""

    is_back: bool
    is_first: bool


def cut(found: Sequence[Row], most: int, how: Turned) -> tuple[list[Row], bool, bool]:
    """The rows of a page, of which one more than `most` was asked for, the newest first; and
    whether there are newer and older ones."""
    more, shown = len(found) > most, list(found[:most])
    if how.is_back:
        shown.reverse()
    return shown, more if how.is_back else not how.is_first, True if how.is_back else more


def cursor(at: datetime, number: UUID) -> str:
    """The place of a row, as an address carries it."""
    return f"{(at - _BEGINNING) // timedelta(microseconds=1)}_{number.hex}"


def place(text: str) -> tuple[datetime, UUID] | None:
    """Where a page begins; None for what is no cursor of ours, which begins at the beginning."""
    moment, _, number = text.partition("_")
    if not (moment.isascii() and moment.isdigit() and len(moment) < 18 and int(moment) < _LAST):
        return None
    try:
        return _BEGINNING + timedelta(microseconds=int(moment)), UUID(hex=number)
    except ValueError:
        return None
