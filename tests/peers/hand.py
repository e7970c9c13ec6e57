"""A peer led by hand, in the test's own thread: every byte and every cut is the test's own."""

import select
import socket
from contextlib import suppress
from types import TracebackType
from typing import Self

from worker.smtp import Connection, Outcome, Phase, Relay

GREETING = b"220 peer.example ESMTP\r\n"
PIPELINING = b"250-peer.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
PLAIN = b"250-peer.example\r\n250 8BITMIME\r\n"


class Clock:
    """A monotonic clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Hand:
    """Listens on 127.0.0.1 for one connection at a time; a context manager.

    `say` and `leave` let the client notice at once, and keep the outcome that it returns.
    `heard` is every byte of the present connection, in the pieces in which they were written:
    each is read before the client can write another.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.heard: list[bytes] = []
        self.outcome: Outcome | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._socket: socket.socket | None = None
        self._count = 0
        self.relay = Relay("127.0.0.1", self._listener.getsockname()[1])
        self.connection = Connection(self.relay, helo="sender.example.com", clock=self.clock)

    def greet(self, offers: bytes = PIPELINING) -> Connection:
        """Take a new connection through the greetings; returns it idle."""
        self._hang_up()
        self.heard, self.outcome, self._count = [], None, 0
        self.connection.open()
        self._socket, _ = self._listener.accept()
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._notice()
        self.say(GREETING)
        self.say(offers)
        assert self.connection.phase is Phase.IDLE
        self.heard.clear()
        return self.connection

    def say(self, data: bytes) -> None:
        """Write these bytes and let the client take them."""
        assert self._socket is not None
        if data and self.connection.phase is not Phase.CLOSED:
            with suppress(ConnectionError):
                self._socket.sendall(data)
            _wait(self.connection.fileno())
        self._notice()
        self.listen()

    def leave(self) -> None:
        """Hang up and let the client notice."""
        self._hang_up()
        if self.connection.phase is not Phase.CLOSED:
            _wait(self.connection.fileno())
        self._notice()

    def fall_silent(self) -> None:
        """Let all the time pass that the client has patience for."""
        due = self.connection.deadline()
        if due is not None:
            self.clock.now = max(self.clock.now, due)
        self._notice()

    def listen(self) -> bytes:
        """Read what the client has written until now; b"" for nothing."""
        data = b""
        sock = self._socket
        while sock is not None and self._is_owed(sock, len(data)):
            _wait(sock.fileno())
            try:
                piece = sock.recv(1 << 20)
            except ConnectionError:
                piece = b""
            if not piece:
                break
            data += piece
        self._count += len(data)
        self.heard += [data] if data else []
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.connection.abandon()
        self._hang_up()
        self._listener.close()

    def _is_owed(self, sock: socket.socket, more: int) -> bool:
        """True while bytes are on their way: to the last written one, or to the end."""
        conversation = self.connection._conversation
        if conversation is None:
            return True
        return conversation.wire.ventured > self._count + more

    def _notice(self) -> None:
        outcome = self.connection.advance()
        assert outcome is None or self.outcome is None, "a message has one outcome"
        self.outcome = outcome or self.outcome

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _wait(descriptor: int) -> None:
    """Wait until there is something to read: the kernel may take a moment even on one machine."""
    # Not `select`, which knows no descriptor above 1023: a long run of tests may be there.
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    assert waiting.poll(5000), "nothing came within 5 s"
