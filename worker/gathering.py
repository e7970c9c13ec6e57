"""Gathering: when a group goes to the database. A commit costs the same for one and for sixty."""

import time

# How long the first of a group waits for the others at most, however busy they are.
_LONGEST = 0.02
# So many that are ready for each that moves are nearly all: a group costs as much as a dozen of its
# messages, whoever is in it.
_NEARLY_ALL = 4


class Gathering:
    """One kind of group. It never waits for a slow connection: only while others move."""

    def __init__(self) -> None:
        self._since: float | None = None

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
