"""A tiny event loop for SMTP connections, and permits as the gate would give them."""

import os
import selectors
import socket
import time
from collections.abc import Callable
from uuid import uuid4

from mailing.deliveries.message.octets import Octets
from mailing.deliveries.permit import GateStamp, SendPermit
from tests.peers.smtp_peer import SmtpPeer
from worker.smtp import Connection, Outcome, Phase, Relay, Timeouts

MESSAGE = b"Subject: Hello\r\nTo: dana@example.net\r\n\r\nFirst line\r\n.\r\n..two dots\r\n"
SENDER = "bounce+abc@b.example.com"
PATIENCE = 60.0
# Short enough for a test, in the proportions of RFC 5321.
HASTY = Timeouts(connect=1, greeting=1, mail=1, rcpt=1, data=1, block=1, dot=1, quit=0.5)


def permit(recipient: str = "dana@example.net", return_path: str = SENDER) -> SendPermit:
    return SendPermit(GateStamp(), uuid4(), 1, "campaign", return_path, recipient)


def connect(url: str, timeouts: Timeouts | None = None) -> Connection:
    """Open a connection and wait until it is idle or has failed."""
    connection = Connection(Relay.parse(url), helo="sender.example.com", timeouts=timeouts)
    return opened(connection)


def opened(connection: Connection) -> Connection:
    connection.open()
    drive(connection, lambda: connection.phase is not Phase.CONNECTING)
    return connection


def drive(connection: Connection, until: Callable[[], bool]) -> Outcome | None:
    """Advance one connection until the condition holds or an outcome has come."""
    limit = time.monotonic() + PATIENCE
    while not until():
        assert time.monotonic() < limit, f"nothing happened for {PATIENCE} s: {connection.phase}"
        _wait(connection)
        outcome = connection.advance()
        if outcome is not None:
            return outcome
    return None


def to_the_dot(connection: Connection, message: bytes = MESSAGE) -> Outcome | None:
    """Send up to the dot; the outcome if there was one before."""
    connection.send(permit(), Octets.of(message))
    return drive(connection, lambda: connection.phase is Phase.AT_DOT)


def await_octets(connection: Connection, count: int) -> None:
    """Wait until so many bytes of the peer have come that the connection has not read yet."""
    limit = time.monotonic() + PATIENCE
    with socket.socket(fileno=os.dup(connection.fileno())) as behind:
        while _unread(behind, count) < count:
            assert time.monotonic() < limit, f"the peer did not say {count} bytes"
            time.sleep(0.01)


def _unread(behind: socket.socket, most: int) -> int:
    try:
        return len(behind.recv(most, socket.MSG_PEEK))
    except BlockingIOError:
        return 0


def outcome_of(connection: Connection) -> Outcome:
    """Drive on, writing the dot as soon as it is due, until the message has an outcome."""
    outcome = drive(connection, lambda: connection.phase is Phase.AT_DOT)
    if outcome is None:
        connection.finish()
        outcome = drive(connection, lambda: False)
    assert outcome is not None
    return outcome


def deliver(connection: Connection, permit: SendPermit, message: bytes = MESSAGE) -> Outcome:
    connection.send(permit, Octets.of(message))
    return outcome_of(connection)


def attempt(peer: SmtpPeer) -> tuple[Connection, Outcome]:
    """Connect and deliver one message, giving up soon."""
    connection = connect(peer.url, HASTY)
    return connection, deliver(connection, permit())


def ended(connection: Connection) -> Connection:
    """Say goodbye and wait until the socket is closed."""
    connection.close()
    drive(connection, lambda: connection.phase is Phase.CLOSED)
    return connection


def _wait(connection: Connection) -> None:
    """Sleep until the socket is ready or the deadline has come."""
    due = connection.deadline()
    pause = PATIENCE if due is None else max(0.0, due - time.monotonic())
    if connection.fileno() < 0:
        return
    with selectors.DefaultSelector() as selector:
        selector.register(connection, connection.wants())
        selector.select(pause)
