"""A TCP proxy that fails on demand: it cuts, refuses, stalls, and loses a request or its reply.

It stands between the product and PostgreSQL. A reply that is lost after a commit is the fault
that no other harness shows: the server has done it, and the client will never hear so.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Self, TypeVar

from tests.peers.leg import Leg, Loss, Relayed

HOST = "127.0.0.1"
BACKLOG = 512

T = TypeVar("T")


class Proxy:
    """A proxy in a thread of its own, on a free port of 127.0.0.1; a context manager.

    `happened` counts what it did: cut, refused, stalled, request_lost, reply_lost.
    """

    def __init__(self, port: int) -> None:
        self.happened: Counter[str] = Counter()
        self._target = port
        self._pairs: set[Relayed] = set()
        self._refuses = False
        self._loop = asyncio.new_event_loop()
        self._losses: list[Loss] = []
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()
        self.port = self._call(self._listen())

    def cut(self) -> int:
        """Break every connection at once; how many."""

        def cut() -> int:
            pairs = list(self._pairs)
            for pair in pairs:
                pair.abort()
            self.happened["cut"] += len(pairs)
            return len(pairs)

        return self._do(cut)

    def refuse(self, is_refusing: bool = True) -> None:
        """Hang up on whoever connects from now on, or take them in again."""
        self._refuses = is_refusing

    def lose(self, *losses: Loss) -> None:
        """Lose what these describe, each once, in this order of their coming."""
        self._do(lambda: self._losses.extend(losses))

    @property
    def has_losses(self) -> bool:
        """Whether something is still to be lost."""
        return bool(self._losses)

    def heal(self) -> None:
        """Carry everything again."""
        self._refuses = False
        self._do(self._losses.clear)

    def stall(self, seconds: float) -> int:
        """Carry nothing in either direction for so long; on how many connections."""

        def stall() -> int:
            pairs = list(self._pairs)
            for pair in pairs:
                pair.stall(seconds)
            self.happened["stalled"] += len(pairs)
            return len(pairs)

        return self._do(stall)

    def close(self) -> None:
        """Break everything and stop listening."""
        if self._loop.is_closed():
            return
        self.cut()
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _take(self, to_server: bool, data: bytes) -> bool:
        """Whether this piece is lost: the first loss that waits for such a one is used up."""
        for loss in self._losses:
            if loss.fits(to_server, data):
                self._losses.remove(loss)
                self.happened["request_lost" if to_server else "reply_lost"] += 1
                return True
        return False

    async def _listen(self) -> int:
        self._server = await asyncio.get_running_loop().create_server(
            self._leg, HOST, 0, backlog=BACKLOG
        )
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def _leg(self) -> Leg:
        pair = Relayed(self._take, self._connect, self._forget)
        self._pairs.add(pair)
        return pair.client

    async def _connect(self, pair: Relayed) -> None:
        if self._refuses:
            self.happened["refused"] += 1
            pair.abort()
            return
        try:
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: pair.server, HOST, self._target)
        except OSError:
            pair.abort()

    def _forget(self, pair: Relayed) -> None:
        self._pairs.discard(pair)

    async def _stop(self) -> None:
        self._server.close()
        # Transports close their sockets in the next turns of the loop.
        await asyncio.sleep(0.01)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _do(self, act: Callable[[], T]) -> T:
        async def do() -> T:
            return act()

        return self._call(do())

    def _call(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)
