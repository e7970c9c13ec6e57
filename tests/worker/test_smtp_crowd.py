"""Many connections in one thread, and connections that are kept."""

import selectors
import time
from threading import Event

import pytest

from mailing.deliveries.message.octets import Octets
from tests.peers.driving import (
    HASTY,
    MESSAGE,
    connect,
    deliver,
    drive,
    ended,
    permit,
)
from tests.peers.faults import NEVER, Cut, Fault, Stage
from tests.peers.smtp_peer import SmtpPeer
from worker.smtp import Connection, Phase, Relay, Verdict


def test_a_tarpit_delays_its_own_message_only() -> None:
    answered = Event()
    with SmtpPeer(Fault(Stage.DOT, to="slow@*", until=answered)) as peer:
        slow, quick = connect(peer.url), connect(peer.url)
        slow.send(permit("slow@example.net"), Octets.of(MESSAGE))
        drive(slow, lambda: slow.phase is Phase.AT_DOT)
        slow.finish()
        for _ in range(20):
            assert deliver(quick, permit()).verdict is Verdict.ACCEPTED
            assert slow.advance() is None
        answered.set()
        outcome = drive(slow, lambda: False)
        assert outcome is not None
        assert outcome.verdict is Verdict.ACCEPTED
        ended(slow)
        ended(quick)


def test_an_idle_connection_that_the_peer_closed_is_found_stale() -> None:
    with SmtpPeer() as peer:
        connection = connect(peer.url)
        assert not connection.is_stale()
        assert deliver(connection, permit()).verdict is Verdict.ACCEPTED
        assert not connection.is_stale()
        peer.close()
        assert connection.is_stale()
        assert (connection.phase, connection.fileno()) == (Phase.CLOSED, -1)


def test_a_421_to_an_idle_connection_closes_it_with_its_words() -> None:
    fault = Fault(Stage.EHLO, raw=b"250 peer.example\r\n421 4.4.2 idle too long\r\n")
    with SmtpPeer(fault) as peer:
        connection = connect(peer.url)
        drive(connection, lambda: connection.phase is Phase.CLOSED)
        assert connection.trouble == "421 4.4.2 idle too long"


@pytest.mark.parametrize("fault", [Fault(Stage.QUIT, wait=NEVER), Fault(Stage.QUIT, cut=Cut.AFTER)])
def test_goodbye_is_bounded(fault: Fault) -> None:
    with SmtpPeer(fault) as peer:
        connection = connect(peer.url, HASTY)
        began = time.monotonic()
        ended(connection)
        assert time.monotonic() - began < 30
        assert connection.trouble is None


def test_64_connections_in_one_thread_deliver_everything_once() -> None:
    count, wide = 640, 64
    with SmtpPeer(keeps_bytes=False) as peer, selectors.DefaultSelector() as selector:
        relay = Relay.parse(peer.url)
        connections = [Connection(relay, helo="sender.example.com") for _ in range(wide)]
        for connection in connections:
            connection.open()
            selector.register(connection, connection.wants())
        waiting = [permit(f"p{number}@example.net") for number in range(count)]
        verdicts: list[Verdict] = []
        while len(verdicts) < count:
            for key, _ in selector.select(5):
                assert isinstance(key.fileobj, Connection)
                outcome = (connection := key.fileobj).advance()
                verdicts += [outcome.verdict] if outcome else []
                if connection.phase is Phase.IDLE and waiting:
                    connection.send(waiting.pop(), Octets.of(MESSAGE))
                elif connection.phase is Phase.AT_DOT:
                    connection.finish()
                selector.modify(connection, connection.wants())
        for connection in connections:
            ended(connection)
        assert set(verdicts) == {Verdict.ACCEPTED}
        arrived = [message.recipients[0] for message in peer.accepted]
        assert sorted(arrived) == sorted(f"p{number}@example.net" for number in range(count))
        assert peer.connections == wide
