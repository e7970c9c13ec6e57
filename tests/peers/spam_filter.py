"""A server in the place of rspamd that answers what a test tells it, and remembers what it was
shown: real HTTP, real octets."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parents[1] / "data" / "rspamd"


def recorded(name: str) -> bytes:
    """An answer of rspamd 3.4 to a campaign of ours, as it came: `passed` or `marked`."""
    return (RECORDED / f"{name}.json").read_bytes()


@dataclass
class Filter:
    """What it answers from now on; silent for `seconds` first; `drips`: by letters."""

    url: str
    body: bytes
    status: int = 200
    seconds: float = 0.0
    drips: bool = False
    shown: list[tuple[str, Message, bytes]] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    own: Filter

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.own.shown.append((self.path, self.headers, body))
        self.own.is_over.wait(self.own.seconds)
        with suppress(OSError):
            self.send_response(self.own.status)
            self.send_header("Content-Length", str(len(self.own.body)))
            self.end_headers()
            self._write()

    def _write(self) -> None:
        if not self.own.drips:
            self.wfile.write(self.own.body)
            return
        for octet in self.own.body:
            self.wfile.write(bytes([octet]))
            self.own.is_over.wait(0.02)

    def log_message(self, *_: Any) -> None:
        """Nothing is logged."""


@contextmanager
def answering(body: bytes, status: int = 200) -> Iterator[Filter]:
    """It answers so while the block lasts, or as the block says."""
    own = Filter("", body, status)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (_Handler,), {"own": own}))
    own.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield own
    finally:
        own.is_over.set()
        server.shutdown()
        thread.join()
        server.server_close()
