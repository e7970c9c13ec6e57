"""`python -m bench.delay PORT MILLISECONDS`: a relay at a distance.

Every octet between a client and the server on PORT is half a round trip on its way, in each
direction; so is the connection itself. The port that it listens on is its first line of output.
"""

import selectors
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass, field

_HOST = "127.0.0.1"
_BLOCK = 1 << 18


@dataclass(eq=False)
class End:
    """One end of a connection; `waiting` is what has arrived and could not be written yet.

    `is_silent`: it will say nothing more; `is_told_all`: it will be told nothing more.
    """

    socket: socket.socket
    other: "End | None" = None
    waiting: bytearray = field(default_factory=bytearray)
    is_silent: bool = False
    is_told_all: bool = False

    def close_if_over(self) -> None:
        """Close the socket once neither direction is needed."""
        if self.is_silent and self.is_told_all and not self.waiting:
            self.socket.close()


@dataclass(frozen=True)
class Parcel:
    """Something on its way: octets for an end, its hanging up (None), or a new client."""

    due: float
    to: End
    octets: bytes | None
    is_client: bool = False


class Distance:
    """One loop over all connections. What is on its way is in order, as all is as slow."""

    def __init__(self, server: tuple[str, int], seconds: float) -> None:
        self._server = server
        self._seconds = seconds
        self._under_way: deque[Parcel] = deque()
        self._selector = selectors.DefaultSelector()
        self._door = socket.create_server((_HOST, 0), backlog=1024)
        self._door.setblocking(False)
        self._selector.register(self._door, selectors.EVENT_READ)

    @property
    def port(self) -> int:
        """Where clients connect."""
        return int(self._door.getsockname()[1])

    def run(self) -> None:
        """Carry on until killed."""
        while True:
            for key, events in self._selector.select(self._patience()):
                if key.fileobj is self._door:
                    self._welcome()
                    continue
                if events & selectors.EVENT_WRITE:
                    self._write(key.data)
                if events & selectors.EVENT_READ:
                    self._take(key.data)
            self._deliver()

    def _patience(self) -> float | None:
        if not self._under_way:
            return None
        return max(0.0, self._under_way[0].due - time.monotonic())

    def _welcome(self) -> None:
        client, _ = self._door.accept()
        self._send(End(client), None, is_client=True)

    def _send(self, to: End, octets: bytes | None, is_client: bool = False) -> None:
        due = time.monotonic() + self._seconds
        self._under_way.append(Parcel(due, to, octets, is_client))

    def _take(self, end: End) -> None:
        try:
            octets = end.socket.recv(_BLOCK)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        if end.other is not None:
            self._send(end.other, octets or None)
        if not octets:
            self._selector.unregister(end.socket)
            end.is_silent = True
            end.close_if_over()

    def _deliver(self) -> None:
        now = time.monotonic()
        while self._under_way and self._under_way[0].due <= now:
            parcel = self._under_way.popleft()
            if parcel.is_client:
                self._connect(parcel.to)
            elif parcel.octets is None:
                parcel.to.is_told_all = True
                self._write(parcel.to)
            else:
                parcel.to.waiting += parcel.octets
                self._write(parcel.to)

    def _connect(self, client: End) -> None:
        client.other = End(socket.create_connection(self._server), client)
        for end in (client, client.other):
            end.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            end.socket.setblocking(False)
            self._selector.register(end.socket, selectors.EVENT_READ, end)

    def _write(self, end: End) -> None:
        try:
            while end.waiting:
                del end.waiting[: end.socket.send(end.waiting)]
        except BlockingIOError:
            pass
        except OSError:
            end.waiting.clear()
        if end.is_told_all and not end.waiting:
            _hang_up(end.socket)
        self._watch(end)
        end.close_if_over()

    def _watch(self, end: End) -> None:
        """Writing is watched for only while something could not be written."""
        try:
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if end.waiting else 0)
            if self._selector.get_key(end.socket).events != wanted:
                self._selector.modify(end.socket, wanted, end)
        except (KeyError, ValueError):
            return


def _hang_up(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_WR)
    except OSError:
        return


def main() -> None:
    """Listen, say where, and carry on until killed."""
    server, milliseconds = int(sys.argv[1]), float(sys.argv[2])
    between = Distance((_HOST, server), milliseconds / 2000)
    sys.stdout.write(f"{between.port}\n")
    sys.stdout.flush()
    between.run()


if __name__ == "__main__":
    main()
