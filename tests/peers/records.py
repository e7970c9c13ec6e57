"""What a scripted SMTP peer saw: each message with its bytes and monotonic times."""

import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition


@dataclass(slots=True)
class Received:
    """One transaction that came as far as DATA. Times are CLOCK_MONOTONIC, shared by processes.

    `wire` is what stood on the wire after 354, stuffed and with the dot if it came; `raw` is the
    message. `dot_at` is None when the dot never came, `replied_at` when no answer was written.
    """

    connection: int
    sender: str
    recipients: list[str]
    mail_at: float
    parameters: list[str] = field(default_factory=list)
    is_secure: bool = False
    user: str | None = None
    wire: bytes = b""
    raw: bytes = b""
    dot_at: float | None = None
    replied_at: float | None = None
    code: int | None = None
    is_accepted: bool = False


class Records:
    """Everything that was seen, in memory; safe to read while the peer runs.

    `wires` holds all bytes of a connection, `writes` the same in the pieces in which they came.
    """

    def __init__(self, keeps_bytes: bool = True) -> None:
        self.keeps_bytes = keeps_bytes
        self.finished: list[Received] = []
        self.broken: list[Received] = []
        self.complaints: list[str] = []
        self.wires: dict[int, bytearray] = {}
        self.writes: dict[int, list[bytes]] = {}
        self.ended: set[int] = set()
        self._changed = Condition()

    def opened(self, connection: int) -> None:
        self.wires[connection] = bytearray()
        self.writes[connection] = []

    def closed(self, connection: int) -> None:
        with self._changed:
            self.ended.add(connection)
            self._changed.notify_all()

    def bytes_came(self, connection: int, data: bytes) -> None:
        if self.keeps_bytes:
            self.wires[connection] += data
            self.writes[connection].append(data)

    def mail(self, received: Received) -> None:
        """A MAIL command was accepted."""

    def dot(self, received: Received) -> None:
        """The final dot came; accepted or not is already decided."""
        with self._changed:
            self.finished.append(received)
            self._changed.notify_all()

    def replied(self, received: Received) -> None:
        """The answer to the dot is about to be written."""
        received.replied_at = time.monotonic()

    def broke(self, received: Received) -> None:
        """The connection ended after DATA and before the dot: nothing may be delivered."""
        with self._changed:
            self.broken.append(received)
            self._changed.notify_all()

    def complain(self, connection: int, what: str) -> None:
        """The client did what the protocol forbids."""
        self.complaints.append(f"connection {connection}: {what}")

    def until(self, count: int, seconds: float = 10.0) -> list[Received]:
        """Wait for so many messages whose dot has come; raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.finished) >= count, seconds):
                raise TimeoutError(f"{len(self.finished)} of {count} messages within {seconds} s")
            return list(self.finished)

    def until_closed(self, connection: int, seconds: float = 10.0) -> bytes:
        """Wait for the end of a connection; returns every byte that came on it."""
        with self._changed:
            if not self._changed.wait_for(lambda: connection in self.ended, seconds):
                raise TimeoutError(f"connection {connection} is still open after {seconds} s")
            return bytes(self.wires[connection])


class FiledRecords(Records):
    """Keeps nothing in memory: `.eml` files, and a JSON line for each event as it happens."""

    def __init__(self, directory: Path, writes_messages: bool = True) -> None:
        super().__init__(keeps_bytes=False)
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._writes_messages = writes_messages
        # Line-buffered: what is logged survives a kill of this process.
        self._log = (directory / "log.jsonl").open("a", buffering=1)
        self._count = 0
        self._numbers: dict[int, int] = {}

    def bytes_came(self, connection: int, data: bytes) -> None:
        pass

    def mail(self, received: Received) -> None:
        self._write("mail", received, received.mail_at)

    def dot(self, received: Received) -> None:
        self._count += 1
        self._numbers[id(received)] = self._count
        if self._writes_messages:
            (self._directory / f"{self._count:07}.eml").write_bytes(received.raw)
        self._write(
            "dot", received, received.dot_at, recipients=received.recipients,
            accepted=received.is_accepted, sha256=hashlib.sha256(received.raw).hexdigest(),
        )  # fmt: skip

    def replied(self, received: Received) -> None:
        super().replied(received)
        self._write("reply", received, received.replied_at, code=received.code)
        self._numbers.pop(id(received), None)

    def broke(self, received: Received) -> None:
        self._write("broken", received, time.monotonic(), recipients=received.recipients)

    def complain(self, connection: int, what: str) -> None:
        line = {"event": "complaint", "connection": connection, "what": what}
        self._log.write(json.dumps(line) + "\n")

    def close(self) -> None:
        self._log.close()

    def _write(self, event: str, received: Received, at: float | None, **more: object) -> None:
        message = self._numbers.get(id(received))
        line: dict[str, object] = {"event": event, "at": at, "connection": received.connection}
        line |= {"message": message, "sender": received.sender, **more}
        self._log.write(json.dumps(line) + "\n")
