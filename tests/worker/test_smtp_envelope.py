"""The envelope: what an address may hold, and what a relay must offer for it."""

import pytest

from mailing.deliveries.message.octets import Octets
from tests.peers.driving import MESSAGE, connect, deliver, ended, permit
from tests.peers.faults import Fault, Stage
from tests.peers.smtp_peer import SmtpPeer
from tests.peers.smtp_session import Offers
from worker.smtp import Phase, Verdict

HOSTILE = [
    "a@example.net\r\nRCPT TO:<b@example.net>",
    "a@example.net\nDATA",
    "a@example.net\r",
    "a\0@example.net",
    "a@example.net> SIZE=1",
    "a@exam ple.net",
    "a b@example.net",
    "<a@example.net>",
    "a@b@example.net",
    "a@example.net\u2028",
    '"a\r\nb"@example.net',
    "a@example.net,b@example.net",
    "@example.net",
    "a@",
    "a",
    "",
    "a@" + "x" * 250 + ".example",
    "a@xn--\ud800.example",
    "a@-қала-.example",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_an_address_that_could_break_a_command_is_refused_before_anything_is_written(
    hostile: str,
) -> None:
    with SmtpPeer() as peer:
        connection = connect(peer.url)
        outcome = deliver(connection, permit(hostile))
        assert (outcome.verdict, outcome.code, outcome.dot_written) == (
            Verdict.REFUSED,
            None,
            False,
        )
        assert outcome.text.startswith("the ")
        assert connection.phase is Phase.IDLE
        if hostile:
            assert deliver(connection, permit(return_path=hostile)).verdict is Verdict.REFUSED
        ended(connection)
        assert peer.records.until_closed(1) == b"EHLO sender.example.com\r\nQUIT\r\n"


def test_a_local_refusal_is_due_at_once_so_that_no_loop_waits_for_the_peer() -> None:
    with SmtpPeer() as peer:
        connection = connect(peer.url)
        connection.send(permit("nobody"), Octets.of(MESSAGE))
        assert connection.wants()
        assert connection.deadline() is not None
        assert connection.advance() is not None
        assert connection.phase is Phase.IDLE
        ended(connection)


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("dana@қазпошта.қаз", b"<dana@xn--80aau2aet5b92c.xn--80ao21a>"),
        ('"two words"@example.net', b'<"two words"@example.net>'),
        ("a@[127.0.0.1]", b"<a@[127.0.0.1]>"),
        ("o'hara+x=y/z@example.net", b"<o'hara+x=y/z@example.net>"),
    ],
)
def test_unusual_addresses_are_written_so_that_every_relay_takes_them(
    address: str, path: bytes
) -> None:
    with SmtpPeer(offers=Offers(keywords=[])) as peer:
        connection = connect(peer.url)
        assert deliver(connection, permit(address)).verdict is Verdict.ACCEPTED
        assert b"RCPT TO:" + path + b"\r\n" in peer.records.wires[1]
        ended(connection)


def test_a_local_part_beyond_ascii_goes_out_with_smtputf8_only() -> None:
    with SmtpPeer() as peer:
        connection = connect(peer.url)
        message = "Subject: Сәлем\r\n\r\n".encode()
        outcome = deliver(connection, permit("дана@қала.example"), message)
        assert outcome.verdict is Verdict.ACCEPTED
        [received] = peer.accepted
        assert received.parameters == [f"SIZE={len(message)}", "BODY=8BITMIME", "SMTPUTF8"]
        assert received.raw == message
        assert deliver(connection, permit()).verdict is Verdict.ACCEPTED
        assert "SMTPUTF8" not in peer.accepted[1].parameters
        ended(connection)
        assert peer.records.complaints == []


@pytest.mark.parametrize(
    ("recipient", "message", "keyword"),
    [("дана@example.net", MESSAGE, "SMTPUTF8"), ("a@example.net", b"\xd1\x96\r\n", "8BITMIME")],
)
def test_what_the_relay_does_not_offer_refuses_the_message_and_says_so(
    recipient: str, message: bytes, keyword: str
) -> None:
    with SmtpPeer(offers=Offers(keywords=["SIZE"])) as peer:
        connection = connect(peer.url)
        outcome = deliver(connection, permit(recipient), message)
        assert outcome.verdict is Verdict.REFUSED
        assert f"does not offer {keyword}" in outcome.text
        assert "дана" not in outcome.text
        ended(connection)
        assert b"MAIL" not in peer.records.until_closed(1)


def test_a_local_refusal_does_not_forget_that_the_peer_still_holds_a_sender() -> None:
    with SmtpPeer(Fault(Stage.RCPT, code=550, times=1)) as peer:
        connection = connect(peer.url)
        assert deliver(connection, permit()).verdict is Verdict.REFUSED
        assert deliver(connection, permit("nobody")).verdict is Verdict.REFUSED
        assert deliver(connection, permit()).verdict is Verdict.ACCEPTED
        assert bytes(peer.records.wires[1]).count(b"RSET\r\n") == 1
        ended(connection)


def test_a_reset_that_is_refused_closes_the_connection_before_the_next_message() -> None:
    with SmtpPeer(Fault(Stage.RCPT, code=550), Fault(Stage.RSET, code=500)) as peer:
        connection = connect(peer.url)
        assert deliver(connection, permit()).verdict is Verdict.REFUSED
        assert deliver(connection, permit()).verdict is Verdict.LOST
        assert connection.phase is Phase.CLOSED
