"""Commands out, replies in, each answered in order and within its time."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from worker.smtp.reply import Broken, Reply, ReplyReader
from worker.smtp.wire import Wire


@dataclass(frozen=True, slots=True)
class Expected:
    """A reply that is due: to which command, within how many seconds, and who takes it."""

    to: str
    patience: float
    then: Callable[[Reply], None]


class Conversation:
    """The queue of expected replies over one wire.

    Today every command waits for its answer, so the queue holds one. Several commands may be
    said at once all the same: replies are matched by counting, never by code (RFC 2920 3.1).
    `unasked` takes a reply that nobody waited for.
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
        self.deadline: float | None = clock() + settle_patience

    def say(self, line: bytes, expected: Expected) -> None:
        """Send one command line, given without CRLF, and wait for its reply."""
        self.expect(expected)
        self.wire.put(line + b"\r\n")

    def expect(self, expected: Expected) -> None:
        """Wait for a reply without saying anything: the banner, or the answer to the dot."""
        self._expected.append(expected)
        if len(self._expected) == 1:
            self._restart()

    def pour(self, body: bytes, patience: float) -> None:
        """Send a body; each block that is taken gives the peer `patience` seconds again."""
        self._block_patience = patience
        self.wire.put(body)
        self._restart()

    def secure(self, start: Callable[[], None]) -> None:
        """Let `start` begin TLS; raises Broken if bytes were slipped in before it (RFC 3207)."""
        if not self._reader.is_empty:
            raise Broken("the peer sent bytes between its answer to STARTTLS and TLS")
        start()
        self._restart()

    def forget(self) -> None:
        """Expect nothing any more, whatever was said before."""
        self._expected.clear()
        self._restart()

    def listen(self) -> None:
        """Write, read and hand out replies as far as possible now.

        Raises Broken when the peer is gone, speaks nonsense or is late.
        """
        if self.wire.is_settled or self._settles():
            self._exchange()
        if self.deadline is not None and self._clock() >= self.deadline:
            raise Broken(self._lateness())

    def hear(self) -> bool:
        """Read and hand out replies; True when a byte came now or part of a reply is waiting."""
        data = self.wire.take()
        self._reader.feed(data)
        while (reply := self._reader.next()) is not None:
            self._answered(reply)
        return bool(data) or not self._reader.is_empty

    def _settles(self) -> bool:
        is_settled = self.wire.settle()
        if is_settled:
            self._restart()
        return is_settled

    def _exchange(self) -> None:
        before = self.wire.unsent
        if before:
            self.wire.flush()
            if self._block_patience is not None and self.wire.unsent < before:
                self._restart()
        self.hear()
        if self.wire.fault:
            raise Broken(self.wire.fault)

    def _answered(self, reply: Reply) -> None:
        if not self._expected:
            self._unasked(reply)
            return
        expected = self._expected.popleft()
        self._restart()
        expected.then(reply)

    def _restart(self) -> None:
        """Set the deadline for whatever is waited for next; trickled bytes do not move it."""
        patience = self._patience()
        self.deadline = None if patience is None else self._clock() + patience

    def _patience(self) -> float | None:
        if not self.wire.is_settled:
            return self._settle_patience
        if self._expected:
            return self._expected[0].patience
        if self.wire.unsent and self._block_patience is not None:
            return self._block_patience
        self._block_patience = None
        return None

    def _lateness(self) -> str:
        if not self.wire.is_settled:
            return f"no connection within {self._settle_patience:g} s"
        if self._expected:
            due = self._expected[0]
            return f"no answer to {due.to} within {due.patience:g} s"
        return f"the peer took no data for {self._block_patience or 0:g} s"
