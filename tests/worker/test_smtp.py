"""A message on the wire: every transition of a connection to a peer that behaves well."""

import selectors
from collections.abc import Iterator

import pytest

from mailing.deliveries.message.octets import Octets
from tests.peers.driving import (
    MESSAGE,
    SENDER,
    connect,
    deliver,
    drive,
    ended,
    outcome_of,
    permit,
    to_the_dot,
)
from tests.peers.smtp_peer import SmtpPeer
from worker.smtp import Connection, Phase, Relay, Verdict


@pytest.fixture
def peer() -> Iterator[SmtpPeer]:
    with SmtpPeer() as peer:
        yield peer
    assert peer.records.complaints == []


def test_a_message_arrives_unchanged_and_the_relays_words_are_kept(peer: SmtpPeer) -> None:
    connection = connect(peer.url)
    allowed = permit("dana@example.net")
    outcome = deliver(connection, allowed)
    [received] = peer.records.finished
    assert received.raw == MESSAGE
    assert (received.sender, received.recipients) == (SENDER, ["dana@example.net"])
    assert outcome.permit is allowed
    assert (outcome.verdict, outcome.code, outcome.text) == (Verdict.ACCEPTED, 250, "queued")
    assert outcome.dot_written
    ended(connection)


def test_phases_follow_each_other_and_nothing_happens_twice(peer: SmtpPeer) -> None:
    connection = Connection(Relay.parse(peer.url), helo="sender.example.com")
    seen = [connection.phase]
    connection.open()
    seen.append(connection.phase)
    drive(connection, lambda: connection.phase is not Phase.CONNECTING)
    seen.append(connection.phase)
    connection.send(permit(), Octets.of(MESSAGE))
    seen.append(connection.phase)
    drive(connection, lambda: connection.phase is Phase.AT_DOT)
    seen.append(connection.phase)
    connection.finish()
    seen.append(connection.phase)
    drive(connection, lambda: False)
    seen.append(connection.phase)
    connection.close()
    seen.append(connection.phase)
    drive(connection, lambda: connection.phase is Phase.CLOSED)
    assert seen == ["closed", "connecting", "idle", "sending", "at_dot", "confirming", "idle",
                    "quitting"]  # fmt: skip
    assert connection.trouble is None
    assert (connection.fileno(), connection.wants(), connection.deadline()) == (-1, 0, None)


def test_the_wire_holds_each_command_once_and_a_doubled_dot(peer: SmtpPeer) -> None:
    connection = connect(peer.url)
    deliver(connection, permit())
    ended(connection)
    assert peer.records.until_closed(1) == (
        b"EHLO sender.example.com\r\n"
        b"MAIL FROM:<bounce+abc@b.example.com> SIZE=%d\r\n"
        b"RCPT TO:<dana@example.net>\r\n"
        b"DATA\r\n"
        b"Subject: Hello\r\nTo: dana@example.net\r\n\r\nFirst line\r\n..\r\n...two dots\r\n"
        b".\r\n"
        b"QUIT\r\n"
    ) % len(MESSAGE)


@pytest.mark.parametrize(
    ("message", "arrived"),
    [
        (b".first\r\n", b".first\r\n"),
        (b".\r\n.\r\n\r\n.\r\n", b".\r\n.\r\n\r\n.\r\n"),
        (b"no end", b"no end\r\n"),
        (b"", b""),
        (b"a\r\n" * 400_000, b"a\r\n" * 400_000),
    ],
    ids=["dot first", "dots alone", "no line end", "empty", "larger than the kernel takes"],
)
def test_dots_and_odd_ends_arrive_as_they_were(
    peer: SmtpPeer, message: bytes, arrived: bytes
) -> None:
    connection = connect(peer.url)
    assert deliver(connection, permit(), message).verdict is Verdict.ACCEPTED
    assert peer.records.finished[0].raw == arrived
    ended(connection)


@pytest.mark.parametrize("message", [b"a\nb\r\n", b"a\rb\r\n", b"\r\r\n", b"a\0\r\n", b"a\r\n.\n"])
def test_a_bare_line_end_or_nul_never_reaches_the_wire(peer: SmtpPeer, message: bytes) -> None:
    connection = connect(peer.url)
    with pytest.raises(ValueError, match="CRLF"):
        connection.send(permit(), Octets.of(message))
    assert connection.phase is Phase.IDLE
    ended(connection)
    assert peer.records.until_closed(1) == b"EHLO sender.example.com\r\nQUIT\r\n"


def test_one_connection_carries_many_messages_and_counts_them(peer: SmtpPeer) -> None:
    connection = connect(peer.url)
    for number in range(5):
        assert deliver(connection, permit(f"p{number}@example.net")).verdict is Verdict.ACCEPTED
    assert (connection.transactions, peer.connections) == (5, 1)
    ended(connection)


def test_the_dot_waits_for_finish_however_often_the_loop_turns(peer: SmtpPeer) -> None:
    connection = connect(peer.url)
    to_the_dot(connection)
    for _ in range(50):
        assert connection.advance() is None
    assert connection.phase is Phase.AT_DOT
    assert connection.wants() == selectors.EVENT_READ
    assert peer.records.finished == []
    assert not bytes(peer.records.wires[1]).endswith(b"\r\n.\r\n")
    connection.finish()
    assert drive(connection, lambda: False) is not None
    ended(connection)


def test_an_abandoned_message_leaves_no_dot_on_the_wire(peer: SmtpPeer) -> None:
    connection = connect(peer.url)
    to_the_dot(connection)
    connection.abandon()
    assert (connection.phase, connection.trouble) == (Phase.CLOSED, None)
    assert connection.advance() is None
    assert b"\r\n.\r\n" not in peer.records.until_closed(1)
    assert peer.records.finished == []
    assert len(peer.records.broken) == 1


def test_an_abandoned_connection_can_be_opened_again(peer: SmtpPeer) -> None:
    connection = connect(peer.url)
    to_the_dot(connection)
    connection.abandon()
    connection.open()
    drive(connection, lambda: connection.phase is Phase.IDLE)
    assert connection.transactions == 0
    assert deliver(connection, permit()).verdict is Verdict.ACCEPTED
    ended(connection)


def test_a_message_whose_dot_is_written_stays_unknown_when_we_close(peer: SmtpPeer) -> None:
    connection = connect(peer.url)
    to_the_dot(connection)
    connection.finish()
    connection.abandon()
    outcome = connection.advance()
    assert outcome is not None
    assert (outcome.verdict, outcome.dot_written) == (Verdict.UNKNOWN, True)
    assert connection.advance() is None


def test_verbs_out_of_turn_are_mistakes_of_the_program(peer: SmtpPeer) -> None:
    connection = connect(peer.url)
    with pytest.raises(RuntimeError, match="finish needs a connection that is at_dot, not idle"):
        connection.finish()
    with pytest.raises(RuntimeError, match="open needs"):
        connection.open()
    to_the_dot(connection)
    with pytest.raises(RuntimeError, match="send needs"):
        connection.send(permit(), Octets.of(MESSAGE))
    connection.abandon()
    with pytest.raises(RuntimeError, match="not closed"):
        connection.finish()


def test_nothing_is_sent_without_a_permit(peer: SmtpPeer) -> None:
    connection = connect(peer.url)
    with pytest.raises(TypeError, match="permit"):
        connection.send("dana@example.net", Octets.of(MESSAGE))  # type: ignore[arg-type]
    ended(connection)


def test_a_null_return_path_is_written_as_such(peer: SmtpPeer) -> None:
    connection = connect(peer.url)
    connection.send(permit(return_path=""), Octets.of(MESSAGE))
    assert outcome_of(connection).verdict is Verdict.ACCEPTED
    assert b"MAIL FROM:<> SIZE=" in peer.records.wires[1]
    ended(connection)
