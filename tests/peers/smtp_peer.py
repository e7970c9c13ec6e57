"""A scripted SMTP peer: in a thread for tests, or `python -m tests.peers.smtp_peer`.

As a process it prints its port on the first line, writes `.eml` files and `log.jsonl` into
`--dir`, and takes its faults from a JSON list in `--faults`, read again on SIGHUP.
"""

import argparse
import asyncio
import signal
import ssl
import sys
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from tests.peers.faults import Fault, Script
from tests.peers.records import FiledRecords, Received, Records
from tests.peers.smtp_session import Offers, Session

HOST = "127.0.0.1"
BACKLOG = 512

T = TypeVar("T")


class Listener:
    """The listening socket and its sessions, inside one event loop."""

    def __init__(self, offers: Offers, script: Script, records: Records) -> None:
        self.connections = 0
        self._offers = offers
        self._script = script
        self._records = records
        self._sessions: list[Session] = []
        self._server: asyncio.Server

    async def start(self, port: int, implicit_tls: ssl.SSLContext | None = None) -> int:
        """Listen on `port`, 0 for a free one; returns the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._session, HOST, port, ssl=implicit_tls, backlog=BACKLOG
        )
        taken: int = self._server.sockets[0].getsockname()[1]
        return taken

    async def stop(self) -> None:
        """Hang up on everybody."""
        self._server.close()
        for session in self._sessions:
            session.abort()
        # What is left are TLS handshakes that nobody finishes.
        handshakes = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in handshakes:
            task.cancel()
        await asyncio.gather(*handshakes, return_exceptions=True)
        # Transports close their sockets in the next turns of the loop.
        await asyncio.sleep(0.01)

    def _session(self) -> Session:
        self.connections += 1
        session = Session(self.connections, self._offers, self._script, self._records)
        self._sessions.append(session)
        return session


class SmtpPeer:
    """A peer in a thread of its own, on a free port of 127.0.0.1; a context manager.

    Connections are numbered from 1 in the order in which they came.
    """

    def __init__(
        self,
        *faults: Fault,
        offers: Offers | None = None,
        implicit_tls: ssl.SSLContext | None = None,
        keeps_bytes: bool = True,
    ) -> None:
        self.offers = offers or Offers()
        self.script = Script(faults)
        self.records = Records(keeps_bytes)
        self._listener = Listener(self.offers, self.script, self.records)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="smtp-peer", daemon=True)
        self._thread.start()
        self.port = self._call(self._listener.start(0, implicit_tls))

    @property
    def url(self) -> str:
        return f"smtp://{HOST}:{self.port}"

    @property
    def connections(self) -> int:
        """How many connections were made so far."""
        return self._listener.connections

    @property
    def accepted(self) -> list[Received]:
        """Messages that the peer took responsibility for, whether or not it could say so."""
        return [message for message in list(self.records.finished) if message.is_accepted]

    def behave(self, *faults: Fault) -> None:
        """Add faults from now on."""
        self.script.add(*faults)

    def heal(self) -> None:
        """Behave well from now on."""
        self.script.clear()

    def close(self) -> None:
        """Hang up on everybody and stop listening."""
        if self._loop.is_closed():
            return
        self._call(self._listener.stop())
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

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _call(self, work: Coroutine[object, object, T]) -> T:
        """Run a coroutine in the peer's thread and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)


async def serve(arguments: argparse.Namespace) -> None:
    """Run until SIGTERM or SIGINT."""
    records = FiledRecords(arguments.dir, writes_messages=not arguments.no_eml)
    script = Script()
    offers = Offers(keywords=arguments.offer or Offers().keywords)
    listener = Listener(offers, script, records)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    if arguments.faults:
        script.load(arguments.faults)
        loop.add_signal_handler(signal.SIGHUP, script.load, arguments.faults)
    sys.stdout.write(f"{await listener.start(arguments.port)}\n")
    sys.stdout.flush()
    await ended.wait()
    await listener.stop()
    records.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.peers.smtp_peer", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--dir", type=Path, required=True, help="for .eml files and log.jsonl")
    parser.add_argument("--no-eml", action="store_true", help="write the log only")
    parser.add_argument("--faults", type=Path, help="a JSON list of faults")
    parser.add_argument("--offer", action="append", help="an EHLO keyword; repeat for more")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
