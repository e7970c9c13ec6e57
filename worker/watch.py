"""The watch over all connections: one selector, told of a connection only when its wish changes.

Registering every connection anew at each turn took a quarter of the loop's time.
"""

import selectors
import time

from worker.lines import Line

# How often time-outs are looked at; the shortest is two seconds.
_LOOK_EVERY = 0.25


class Watch:
    """Which lines can go on."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._lines: dict[int, Line] = {}
        self._looked_at = 0.0

    def note(self, line: Line) -> None:
        """Take up what a line waits for now; call it after each verb on its connection."""
        wish = line.connection.wants()
        if wish == line.wish:
            return
        if not wish:
            self._forget(line)
        elif line.wish:
            self._selector.modify(line.descriptor, wish, line)
        else:
            self._begin(line, wish)
        line.wish = wish

    def ready(self, patience: float) -> list[Line]:
        """The lines that can go on, after at most so many seconds, and those that are late."""
        found = [key.data for key, _ in self._selector.select(patience)]
        now = time.monotonic()
        if now - self._looked_at < _LOOK_EVERY:
            return found
        self._looked_at = now
        late = [line for line in self._lines.values() if _is_late(line, now)]
        return [*found, *(line for line in late if line not in found)]

    def _begin(self, line: Line, wish: int) -> None:
        line.descriptor = line.connection.fileno()
        self._unregister(line.descriptor)
        self._selector.register(line.descriptor, wish, line)
        self._lines[line.descriptor] = line

    def _forget(self, line: Line) -> None:
        # Its socket is closed, and the number may be another's by now.
        if self._lines.get(line.descriptor) is line:
            self._unregister(line.descriptor)

    def _unregister(self, descriptor: int) -> None:
        if self._lines.pop(descriptor, None) is not None:
            self._selector.unregister(descriptor)


def _is_late(line: Line, now: float) -> bool:
    deadline = line.connection.deadline()
    return deadline is not None and deadline <= now
