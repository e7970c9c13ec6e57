"""The watch over all connections: one selector, told of a connection only when its wish changes.

Registering every connection anew at each turn took a quarter of the loop's time.
"""

import selectors
import time

from worker.lines import Line
from worker.smtp import Phase

# How often time-outs are looked at; the shortest is two seconds.
_LOOK_EVERY = 0.25


class Watch:
    """Which lines can go on."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wishes: dict[int, tuple[Line, int]] = {}
        self._looked_at = 0.0

    def note(self, line: Line) -> None:
        """Take up what a line waits for now; call it after each verb on its connection."""
        connection = line.connection
        if connection.phase is Phase.CLOSED:
            self._forget(line)
            return
        wish = connection.wants()
        known = self._wishes.get(line.descriptor)
        if known is None or known[0] is not line:
            self._begin(line, wish)
        elif known[1] != wish:
            self._selector.modify(line.descriptor, wish, line)
            self._wishes[line.descriptor] = (line, wish)

    def ready(self, patience: float) -> list[Line]:
        """The lines that can go on, after at most so many seconds, and those that are late."""
        found = [key.data for key, _ in self._selector.select(patience)]
        now = time.monotonic()
        if now - self._looked_at < _LOOK_EVERY:
            return found
        self._looked_at = now
        late = [line for line, _ in self._wishes.values() if _is_late(line, now)]
        return [*found, *(line for line in late if line not in found)]

    def _begin(self, line: Line, wish: int) -> None:
        line.descriptor = line.connection.fileno()
        stale = self._wishes.pop(line.descriptor, None)
        if stale is not None:
            # Its socket was closed, and the number given to this one.
            self._selector.unregister(line.descriptor)
        self._selector.register(line.descriptor, wish, line)
        self._wishes[line.descriptor] = (line, wish)

    def _forget(self, line: Line) -> None:
        known = self._wishes.get(line.descriptor)
        if known is not None and known[0] is line:
            del self._wishes[line.descriptor]
            self._selector.unregister(line.descriptor)


def _is_late(line: Line, now: float) -> bool:
    deadline = line.connection.deadline()
    return deadline is not None and deadline <= now
