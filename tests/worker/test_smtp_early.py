"""A peer that speaks or leaves while the dot is held back: the dot must not be written then."""

import os
import socket
import time
from contextlib import suppress

import pytest

from tests.peers.driving import HASTY, await_octets, connect, drive, to_the_dot
from tests.peers.faults import NEVER, Fault, Stage
from tests.peers.smtp_peer import SmtpPeer
from worker.smtp import Connection, Outcome, Phase, Verdict

END = b"\r\n.\r\n"


EARLY = [
    (b"250 2.0.0 queued\r\n", Verdict.LOST, None),
    (b"552 5.3.4 too large\r\n", Verdict.REFUSED, 552),
    (b"451 4.3.0 disk full\r\n", Verdict.DEFERRED, 451),
]


@pytest.mark.parametrize(("raw", "verdict", "code"), EARLY)
def test_an_answer_before_the_dot_ends_the_message_by_its_class(
    raw: bytes, verdict: Verdict, code: int | None
) -> None:
    with SmtpPeer(Fault(Stage.BODY, raw=raw, trickle=0.01)) as peer:
        connection = connect(peer.url, HASTY)
        assert to_the_dot(connection) is None
        outcome = drive(connection, lambda: False)
        assert_ended_without_dot(peer, connection, outcome)
        assert outcome is not None
        assert (outcome.verdict, outcome.code) == (verdict, code)


@pytest.mark.parametrize(("raw", "verdict", "code"), [*EARLY, (b"2", Verdict.LOST, None)])
def test_finish_looks_for_an_early_answer_before_it_writes_the_dot(
    raw: bytes, verdict: Verdict, code: int | None
) -> None:
    with SmtpPeer(Fault(Stage.BODY, raw=raw, trickle=0.01)) as peer:
        connection = connect(peer.url)
        assert to_the_dot(connection) is None
        await_octets(connection, len(raw))
        connection.finish()
        outcome = connection.advance()
        assert_ended_without_dot(peer, connection, outcome)
        assert outcome is not None
        assert (outcome.verdict, outcome.code) == (verdict, code)


def test_half_an_answer_before_the_dot_cannot_become_its_answer_afterwards() -> None:
    with SmtpPeer(Fault(Stage.BODY, raw=b"250 ok\r\n", trickle=0.5)) as peer:
        connection = connect(peer.url, HASTY)
        assert to_the_dot(connection) is None
        await_octets(connection, 1)
        assert connection.advance() is None
        assert connection.phase is Phase.AT_DOT
        connection.finish()
        assert_ended_without_dot(peer, connection, connection.advance())


def assert_ended_without_dot(
    peer: SmtpPeer, connection: Connection, outcome: Outcome | None
) -> None:
    assert outcome is not None
    assert not outcome.dot_written
    assert connection.phase is Phase.CLOSED
    assert END not in peer.records.until_closed(1)


def test_a_peer_that_hangs_up_while_the_dot_is_held_back_gets_no_dot() -> None:
    with SmtpPeer() as peer:
        connection = connect(peer.url)
        assert to_the_dot(connection) is None
        peer.close()
        # The loop has not turned since: only a look at the socket can tell.
        connection.finish()
        outcome = connection.advance()
        assert outcome is not None
        assert (outcome.verdict, outcome.dot_written) == (Verdict.LOST, False)


def test_a_dot_that_the_kernel_never_took_was_surely_not_written() -> None:
    with SmtpPeer(Fault(Stage.BODY, wait=NEVER)) as peer:
        connection = connect(peer.url, HASTY)
        assert to_the_dot(connection) is None
        fill(connection)
        connection.finish()
        assert connection.phase is Phase.CONFIRMING
        outcome = drive(connection, lambda: False)
        assert outcome is not None
        assert (outcome.verdict, outcome.dot_written) == (Verdict.LOST, False)
        assert outcome.text == "no answer to the final dot within 1 s"


def fill(connection: Connection) -> None:
    """Fill the kernel's buffers behind the connection's back, so that it takes nothing more."""
    with socket.socket(fileno=os.dup(connection.fileno())) as behind:
        # Small pieces still fit into the last segment when large ones do not.
        for size in (65536, 65536, 1024, 1):
            with suppress(BlockingIOError):
                while behind.send(b"x" * size):
                    pass
            time.sleep(0.1)
