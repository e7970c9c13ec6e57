"""Commands out, replies in, each answered in order and within its time."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from worker.smtp.reply import Broken, Reply, ReplyReader
from worker.smtp.wire import Wire


class Expected(NamedTuple):
    """A reply that is due: to which command, within how many seconds, and who takes it."""

    to: str
    patience: float
    then: Callable[[Reply], None]


class Conversation:
    """The queue of expected replies over one wire.

    Several commands may be said at once: replies are matched by counting, never by code
    (RFC 2920 3.1). `unasked` takes a reply that nobody waited for.
    """

    def __init__(
        self,
        wire: Wire,
        settle_patience: float,
        clock: Callable[[], float],
        unasked: Callable[[Reply], None],
    ) -> None:
        self.wire = wire
        self._settle_patience = settle_patience
        self._clock = clock
        self._unasked = unasked
        self._reader = ReplyReader()
        self._expected: deque[Expected] = deque()
        self._block_patience: float | None = None
        self._since = clock()

    @property
    def deadline(self) -> float | None:
        """When whatever is waited for next is late; None while nothing is."""
        patience = self._patience()
        return None if patience is None else self._since + patience

    @property
    def is_awaiting(self) -> bool:
        """True while a reply is due."""
        return bool(self._expected)

    def say(self, lines: bytes, *expected: Expected) -> None:
        """Send command lines, CRLF included, and wait for one reply to each."""
        self.expect(*expected)
        self.wire.put(lines)

    def expect(self, *expected: Expected) -> None:
        """Wait for replies without saying anything, as for the banner."""
        if not self._expected:
            self._since = self._clock()
        self._expected += expected

    def pour(self, body: bytes, patience: float, is_dot_near: bool) -> None:
        """Send a body, in answer to a reply; each block that is taken gives the peer `patience`
        seconds again. `is_dot_near`: its last piece may travel with the dot.
        """
        self._block_patience = patience
        self.wire.put(body, is_followed=is_dot_near)

    def secure(self, start: Callable[[], None]) -> None:
        """Let `start` begin TLS; raises Broken if bytes were slipped in before it (RFC 3207)."""
        if not self._reader.is_empty:
            raise Broken("the peer sent bytes between its answer to STARTTLS and TLS")
        start()
        self._since = self._clock()

    def listen(self) -> None:
        """Write, read and hand out replies as far as possible now.

        Raises Broken when the peer is gone, speaks nonsense or is late. Trickled bytes buy no
        time: only a whole reply, or a block that was taken, does.
        """
        wire = self.wire
        has_progressed = False
        if wire.is_settled or self._settles():
            if wire.unsent:
                has_progressed = self._write_on()
            if data := wire.take():
                has_progressed |= self._hand_out(data)
            if wire.fault:
                raise Broken(wire.fault)
        if has_progressed:
            self._since = self._clock()
        else:
            self._check_time()

    def has_spoken(self) -> bool:
        """Read and hand out replies; True when a byte came now or part of a reply is waiting."""
        if self.wire.is_quiet():
            return not self._reader.is_empty
        data = self.wire.take()
        self._hand_out(data)
        return bool(data) or not self._reader.is_empty

    def _settles(self) -> bool:
        is_settled = self.wire.settle()
        if is_settled:
            self._since = self._clock()
        return is_settled

    def _write_on(self) -> bool:
        """Write what is left; True when a block of a body was taken."""
        before = len(self.wire.unsent)
        self.wire.flush()
        return self._block_patience is not None and len(self.wire.unsent) < before

    def _hand_out(self, data: bytes) -> bool:
        """Give each reply to the one who waits for it; True when there was any."""
        reader, expected = self._reader, self._expected
        reader.feed(data)
        # What is ready is taken off here: four replies a message, and a call for each would show.
        ready, has_come = reader.ready, False
        while (reply := ready.popleft() if ready else reader.next()) is not None:
            has_come = True
            if expected:
                expected.popleft().then(reply)
            else:
                self._unasked(reply)
        return has_come

    def _check_time(self) -> None:
        deadline = self.deadline
        if deadline is not None and self._clock() >= deadline:
            raise Broken(self._lateness())

    def _patience(self) -> float | None:
        if not self.wire.is_settled:
            return self._settle_patience
        if self._expected:
            return self._expected[0].patience
        return self._block_patience if self.wire.unsent else None

    def _lateness(self) -> str:
        if not self.wire.is_settled:
            return f"no connection within {self._settle_patience:g} s"
        if self._expected:
            due = self._expected[0]
            return f"no answer to {due.to} within {due.patience:g} s"
        return f"the peer took no data for {self._block_patience or 0:g} s"
