"""A relay whose TLS is broken gets nothing, and the others get everything."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import road
from tests.faults.ground import Ground
from tests.faults.round import fight
from tests.faults.strike import Standing
from tests.peers.authority import create
from tests.peers.smtp_peer import SmtpPeer
from tests.peers.smtp_session import Offers

pytestmark = pytest.mark.xdist_group("more faults")


class Garbler:
    """Offers STARTTLS, agrees to it, and then speaks rubbish; `met` counts who came so far."""

    def __init__(self) -> None:
        self.met = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            with client:
                client.settimeout(5)
                self._garble(client)

    def _garble(self, client: socket.socket) -> None:
        answers = (b"250-garbler.example\r\n250 STARTTLS\r\n", b"220 go ahead\r\n")
        try:
            client.sendall(b"220 garbler.example\r\n")
            for answer in answers:
                client.recv(4096)
                client.sendall(answer)
            client.recv(4096)
            client.sendall(b"250 this is no handshake\r\n" * 10)
            self.met += 1
        except OSError:
            pass


@contextmanager
def garbled() -> Iterator[Garbler]:
    garbler = Garbler()
    try:
        yield garbler
    finally:
        garbler.close()


def test_the_promise_holds_when_the_tls_of_two_relays_is_broken(
    ground: Ground, tmp_path: Path
) -> None:
    stranger = create(tmp_path)
    with garbled() as garbler, SmtpPeer(offers=Offers(tls=stranger.server())) as untrusted:
        relays = (
            f"smtp+starttls://127.0.0.1:{garbler.port}",
            f"smtp+starttls://127.0.0.1:{untrusted.port}",
            ground.peer.url,
        )
        ground.hire(KELISIM_SMTP_URL=",".join(relays))
        told = fight(
            ground,
            Standing("rubbish", lambda _: None, lambda _: garbler.met),
            Standing("a stranger", lambda _: None, lambda _: untrusted.connections),
        ).demand()
        road.wait_for(lambda: garbler.met > 0)
        assert untrusted.records.finished == []
        ground.dismiss()
    assert told.states["accepted"] + told.states["held"] == len(told.trace.people)
