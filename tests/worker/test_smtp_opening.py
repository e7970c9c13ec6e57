"""Before any message: greetings, and every way in which a connection does not come about."""

import socket
import time
from pathlib import Path

import pytest

from tests.peers.driving import HASTY, connect, deliver, ended, opened, permit
from tests.peers.faults import NEVER, Cut, Fault, Stage
from tests.peers.smtp_peer import SmtpPeer
from worker.smtp import Connection, Phase, Relay, Verdict


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        (Fault(Stage.BANNER, code=554, text="5.7.1 go away"), "554 5.7.1 go away"),
        (Fault(Stage.BANNER, code=421, text="too busy"), "421 too busy"),
        (Fault(Stage.BANNER, raw=b"hello there\r\n"), "the peer's answer is not SMTP: hello there"),
        (Fault(Stage.BANNER, cut=Cut.BEFORE), "the peer closed the connection"),
        (Fault(Stage.BANNER, wait=NEVER), "no answer to the connection within 1 s"),
        (Fault(Stage.EHLO, wait=NEVER), "no answer to EHLO within 1 s"),
        (Fault(Stage.EHLO, code=421, text="not now"), "421 not now"),
        (Fault(Stage.EHLO, code=450, text="try later"), "450 try later"),
        (Fault(Stage.EHLO, cut=Cut.BEFORE), "the peer closed the connection"),
    ],
)
def test_a_peer_that_takes_no_mail_leaves_a_closed_connection_that_says_why(
    fault: Fault, trouble: str
) -> None:
    with SmtpPeer(fault) as peer:
        connection = connect(peer.url, HASTY)
        assert (connection.phase, connection.trouble) == (Phase.CLOSED, trouble)
        assert connection.advance() is None


def test_a_port_where_nobody_listens_is_refused_by_name() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        connection = connect(f"smtp://127.0.0.1:{unused.getsockname()[1]}")
    assert (connection.phase, connection.trouble) == (Phase.CLOSED, "connection refused")


def test_a_name_without_an_address_is_trouble_and_no_crash() -> None:
    connection = connect("smtp://relay.invalid")
    assert connection.trouble == "the relay's name relay.invalid cannot be resolved"


def test_a_connect_that_is_not_answered_ends_at_its_deadline() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        address = deaf.getsockname()
        # The queue of a listener that never accepts is full after two; the next one waits.
        fillers = [socket.create_connection(address) for _ in range(1)]
        fillers += [socket.socket() for _ in range(2)]
        for filler in fillers[1:]:
            filler.setblocking(False)
            filler.connect_ex(address)
        began = time.monotonic()
        connection = connect(f"smtp://127.0.0.1:{address[1]}", HASTY)
        assert time.monotonic() - began < 20
        for filler in fillers:
            filler.close()
    assert connection.trouble == "no connection within 1 s"


def test_a_late_banner_is_waited_for() -> None:
    with SmtpPeer(Fault(Stage.BANNER, wait=0.3)) as peer:
        connection = connect(peer.url, HASTY)
        assert connection.phase is Phase.IDLE
        ended(connection)


def test_a_server_without_ehlo_is_greeted_with_helo_and_offered_no_parameters() -> None:
    with SmtpPeer(Fault(Stage.EHLO, code=502)) as peer:
        connection = connect(peer.url)
        assert deliver(connection, permit()).verdict is Verdict.ACCEPTED
        ended(connection)
        wire = peer.records.until_closed(1)
        assert b"HELO sender.example.com\r\nMAIL FROM:<bounce+abc@b.example.com>\r\n" in wire


@pytest.mark.parametrize("helo", ["two words", "қала.example", "a\r\nRSET", ""])
def test_a_name_that_cannot_stand_in_ehlo_is_refused_at_once(helo: str) -> None:
    with pytest.raises(ValueError, match="EHLO"):
        Connection(Relay("127.0.0.1", 25), helo=helo)


def test_an_address_that_was_silent_is_tried_last_the_next_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with SmtpPeer(Fault(Stage.BANNER, wait=NEVER)) as deaf, SmtpPeer() as peer:
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
            for port in (deaf.port, peer.port)
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **rest: found)
        relay = Relay.parse("smtp://relay.example")
        first = opened(Connection(relay, helo="sender.example.com", timeouts=HASTY))
        assert first.phase is Phase.CLOSED
        second = opened(Connection(relay, helo="sender.example.com", timeouts=HASTY))
        assert second.phase is Phase.IDLE
        ended(second)
