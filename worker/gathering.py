"""Gathering: when a group goes to the database. A commit costs the same for one and for sixty."""

import time

# How long the first of a group waits for the others at most, however busy they are.
_LONGEST = 0.02
# Nothing has moved for so long: whatever could join a group has joined it. Where the database is
# quick that is two milliseconds. Where it is not, a group that has just gone by itself keeps the
# next waiting, and both had better go together.
_QUIET = 0.002
_MOST_QUIET = 0.01
# So many that are ready for each that moves are nearly all: a group costs as much as a dozen of its
# messages, whoever is in it.
_NEARLY_ALL = 4


class Gathering:
    """One kind of group. It never waits for a slow connection: only while others move."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._took = 0.0

    @property
    def patience(self) -> float:
        """The seconds in which nothing is to move until a group counts as complete: as many as the
        last one took. A turn of the loop waits once for all its groups: it asks the seal's."""
        return min(max(self._took, _QUIET), _MOST_QUIET)

    def is_ripe(self, ready: int, moving: int, is_quiet: bool) -> bool:
        """Whether so many that are ready should go now.

        `moving` more may join them; `is_quiet`: nothing has moved for a moment.
        """
        if not ready:
            self._since = None
            return False
        if is_quiet or ready >= _NEARLY_ALL * moving:
            return True
        now = time.monotonic()
        self._since = self._since or now
        return now - self._since > _LONGEST

    def went(self) -> None:
        """A group has gone."""
        self._since = None

    def took(self, seconds: float) -> None:
        """The database has answered a group after so many seconds."""
        self._took = seconds
