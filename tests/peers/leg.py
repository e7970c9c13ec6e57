"""One connection through a proxy: a leg towards the client, a leg towards the server."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

# PostgreSQL's protocol: the end of a question; the tags of what was done; and "ready, in no
# transaction", which follows them only once it is committed, by COMMIT or by itself.
SYNC = b"S\0\0\0\4"
DONE = (b"COMMIT\0", b"UPDATE ", b"INSERT ")
READY = b"Z\0\0\0\5I"


@dataclass(frozen=True)
class Loss:
    """One piece to be lost, and the connection with it: a request before the server has it, or
    a reply after the server has done what it tells. It contains `all_of` and `one_of` these."""

    is_request: bool
    all_of: bytes
    one_of: tuple[bytes, ...]

    @classmethod
    def before_the_commit(cls) -> "Loss":
        """The request never arrives."""
        return cls(True, b"", (SYNC, b"COMMIT"))

    @classmethod
    def after_the_commit(cls) -> "Loss":
        """It is committed, and nobody is told."""
        return cls(False, READY, DONE)

    def fits(self, to_server: bool, data: bytes) -> bool:
        """Whether this is such a piece."""
        is_so = self.is_request == to_server and self.all_of in data
        return is_so and any(mark in data for mark in self.one_of)


class Leg(asyncio.Protocol):
    """One of the two sockets."""

    def __init__(self, relayed: "Relayed", is_client: bool) -> None:
        self.transport: asyncio.Transport | None = None
        self._relayed = relayed
        self._is_client = is_client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._relayed.made(self._is_client)

    def data_received(self, data: bytes) -> None:
        self._relayed.carry(self._is_client, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._relayed.lost(self._is_client)


class Relayed:
    """Both legs, and what waits until the server's is there or a stall is over."""

    def __init__(
        self,
        is_lost: Callable[[bool, bytes], bool],
        connect: Callable[["Relayed"], Coroutine[object, object, None]],
        forget: Callable[["Relayed"], None],
    ) -> None:
        self.client = Leg(self, is_client=True)
        self.server = Leg(self, is_client=False)
        self._is_lost = is_lost
        self._connect = connect
        self._forget = forget
        self._waiting: list[tuple[bool, bytes]] = []
        self._is_stalled = self._is_over = False
        self._connecting: asyncio.Task[None] | None = None

    def made(self, is_client: bool) -> None:
        """One leg stands."""
        if self._is_over:
            self.abort()
        elif is_client:
            self._connecting = asyncio.get_running_loop().create_task(self._connect(self))
        else:
            self._flush()

    def carry(self, to_server: bool, data: bytes) -> None:
        """Carry a piece on, keep it for later, or lose it."""
        if self._is_lost(to_server, data):
            self.abort()
            return
        self._waiting.append((to_server, data))
        self._flush()

    def stall(self, seconds: float) -> None:
        """Carry nothing for so long."""
        self._is_stalled = True
        asyncio.get_running_loop().call_later(seconds, self._go_on)

    def lost(self, is_client: bool) -> None:
        """One leg is gone: the other ends once it has what was said before."""
        other = self.server if is_client else self.client
        self._is_over = True
        if other.transport is not None:
            other.transport.close()
        self._forget(self)

    def abort(self) -> None:
        """Break both legs; what was not yet carried is lost."""
        self._is_over = True
        self._waiting.clear()
        for leg in (self.client, self.server):
            if leg.transport is not None:
                leg.transport.abort()
        self._forget(self)

    def _go_on(self) -> None:
        self._is_stalled = False
        self._flush()

    def _flush(self) -> None:
        if self._is_stalled or self.server.transport is None or self.client.transport is None:
            return
        waiting, self._waiting = self._waiting, []
        for to_server, data in waiting:
            leg = self.server if to_server else self.client
            assert leg.transport is not None
            leg.transport.write(data)
