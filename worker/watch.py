"""The watch over all connections: the kernel is told of one only when its wish changes.

Registering every connection anew at each turn took a quarter of the loop's time; the standard
library's selector, which finds and wraps each that is ready, 50 steps of Python a message.
"""

import time
from contextlib import suppress
from select import EPOLLIN, EPOLLOUT, epoll
from selectors import EVENT_READ, EVENT_WRITE

from worker.lines import Line

_EVENTS = {
    EVENT_READ: EPOLLIN,
    EVENT_WRITE: EPOLLOUT,
    EVENT_READ | EVENT_WRITE: EPOLLIN | EPOLLOUT,
}
# How often time-outs are looked at; the shortest is two seconds.
_LOOK_EVERY = 0.25


class Watch:
    """Which lines can go on."""

    def __init__(self) -> None:
        self._poll = epoll()
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
            self._poll.modify(line.descriptor, _EVENTS[wish])
        else:
            self._begin(line, wish)
        line.wish = wish

    def ready(self, patience: float) -> list[Line]:
        """The lines that can go on, after at most so many seconds, and those that are late."""
        # One that is negative would have no end.
        events = self._poll.poll(max(0.0, patience), len(self._lines) or 1)
        # The kernel tells of one that is closed for as long as another process holds a copy of it.
        found = [line for number, _ in events if (line := self._lines.get(number)) is not None]
        now = time.monotonic()
        if now - self._looked_at < _LOOK_EVERY:
            return found
        self._looked_at = now
        late = [line for line in self._lines.values() if _is_late(line, now)]
        return [*found, *(line for line in late if line not in found)]

    def _begin(self, line: Line, wish: int) -> None:
        line.descriptor = line.connection.fileno()
        self._unregister(line.descriptor)
        self._poll.register(line.descriptor, _EVENTS[wish])
        self._lines[line.descriptor] = line

    def _forget(self, line: Line) -> None:
        # Its socket is closed, and the number may be another's by now.
        if self._lines.get(line.descriptor) is line:
            self._unregister(line.descriptor)

    def _unregister(self, descriptor: int) -> None:
        if self._lines.pop(descriptor, None) is not None:
            # The kernel has let go of one that is closed.
            with suppress(OSError):
                self._poll.unregister(descriptor)


def _is_late(line: Line, now: float) -> bool:
    deadline = line.connection.deadline()
    return deadline is not None and deadline <= now
