"""Connections protected by TLS, and every way in which the protection could be weakened."""

import pytest

from mailing.deliveries.message.octets import Octets
from tests.peers.authority import Authority, create
from tests.peers.driving import HASTY, await_octets, deliver, ended, opened, permit, to_the_dot
from tests.peers.faults import NEVER, Cut, Fault, Stage
from tests.peers.smtp_peer import SmtpPeer
from tests.peers.smtp_session import Offers
from worker.smtp import Connection, Phase, Relay, Verdict

LOGIN = ("sender", "s3cret-пароль")
WITH_LOGIN = "sender:s3cret-%D0%BF%D0%B0%D1%80%D0%BE%D0%BB%D1%8C@"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return create(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return create(tmp_path_factory.mktemp("stranger"), ("other.example",))


def secured(peer: SmtpPeer, authority: Authority, scheme: str, login: str = "") -> Connection:
    relay = Relay.parse(f"{scheme}://{login}localhost:{peer.port}")
    # The peer listens on IPv4 only, and localhost may be IPv6 first.
    connection = Connection(
        relay, helo="sender.example.com", timeouts=HASTY, trust=authority.client()
    )
    return opened(connection)


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_mail_goes_out_over_tls(authority: Authority, scheme: str) -> None:
    tls = authority.server()
    implicit = tls if scheme == "smtps" else None
    with SmtpPeer(offers=Offers(tls=tls), implicit_tls=implicit) as peer:
        connection = secured(peer, authority, scheme)
        assert connection.trouble is None
        for _ in range(3):
            assert not connection.is_stale()
            assert deliver(connection, permit(), b"x" * 500_000).verdict is Verdict.ACCEPTED
        assert [message.is_secure for message in peer.accepted] == [True] * 3
        ended(connection)
        assert peer.records.complaints == []


@pytest.mark.parametrize(
    "second",
    [Fault(Stage.EHLO, raw=b"250 peer\r\n", times=1), Fault(Stage.EHLO, code=502, times=1)],
    ids=["EHLO offers nothing", "HELO offers nothing"],
)
def test_what_was_offered_before_tls_is_forgotten(authority: Authority, second: Fault) -> None:
    with SmtpPeer(offers=Offers(tls=authority.server())) as peer:
        peer.behave(
            Fault(Stage.EHLO, raw=b"250-peer\r\n250-SIZE 1\r\n250-SMTPUTF8\r\n250 STARTTLS\r\n",
                  times=1),
            second,
        )  # fmt: skip
        connection = secured(peer, authority, "smtp+starttls")
        outcome = deliver(connection, permit("дана@example.net"))
        assert outcome.verdict is Verdict.REFUSED
        assert deliver(connection, permit()).verdict is Verdict.ACCEPTED
        assert peer.accepted[0].parameters == []
        ended(connection)


def test_bytes_slipped_in_before_tls_end_the_connection(authority: Authority) -> None:
    fault = Fault(Stage.STARTTLS, raw=b"220 ready\r\n250-injected\r\n250 AUTH PLAIN\r\n")
    with SmtpPeer(fault, offers=Offers(tls=authority.server(), login=LOGIN)) as peer:
        connection = secured(peer, authority, "smtp+starttls", WITH_LOGIN)
        assert connection.phase is Phase.CLOSED
        assert connection.trouble == "the peer sent bytes between its answer to STARTTLS and TLS"


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        (Fault(Stage.STARTTLS, code=454, text="TLS not available"), "454 TLS not available"),
        (Fault(Stage.STARTTLS, wait=NEVER), "no answer to STARTTLS within 1 s"),
        (
            Fault(Stage.EHLO, raw=b"250 peer\r\n"),
            "the relay does not offer STARTTLS, so nothing is sent to it",
        ),
        (
            Fault(Stage.EHLO, code=500),
            "the relay does not offer STARTTLS, so nothing is sent to it",
        ),
    ],
)
def test_without_tls_that_was_asked_for_nothing_is_sent(
    authority: Authority, fault: Fault, trouble: str
) -> None:
    with SmtpPeer(fault, offers=Offers(tls=authority.server(), login=LOGIN)) as peer:
        connection = secured(peer, authority, "smtp+starttls", WITH_LOGIN)
        assert (connection.phase, connection.trouble) == (Phase.CLOSED, trouble)
        wire = peer.records.until_closed(1)
        assert b"AUTH" not in wire
        assert b"MAIL" not in wire


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_a_certificate_of_an_unknown_authority_is_not_believed(
    authority: Authority, stranger: Authority, scheme: str
) -> None:
    tls = authority.server()
    implicit = tls if scheme == "smtps" else None
    with SmtpPeer(offers=Offers(tls=tls), implicit_tls=implicit) as peer:
        connection = secured(peer, stranger, scheme)
        assert connection.phase is Phase.CLOSED
        assert "certificate does not hold" in str(connection.trouble)


def test_a_certificate_for_another_name_is_not_believed(stranger: Authority) -> None:
    tls = stranger.server()
    with SmtpPeer(implicit_tls=tls) as peer:
        connection = secured(peer, stranger, "smtps")
        assert "certificate does not hold" in str(connection.trouble)
        assert "localhost" in str(connection.trouble)


def test_a_tls_handshake_that_is_not_answered_ends_at_its_deadline(authority: Authority) -> None:
    with SmtpPeer(Fault(Stage.BANNER, wait=NEVER)) as peer:
        connection = secured(peer, authority, "smtps")
        assert connection.trouble == "no connection within 1 s"


def test_plaintext_where_tls_is_expected_is_trouble(authority: Authority) -> None:
    with SmtpPeer() as peer:
        connection = secured(peer, authority, "smtps")
        assert str(connection.trouble).startswith("TLS failed")


def test_over_tls_too_an_abandoned_message_leaves_no_dot(authority: Authority) -> None:
    with SmtpPeer(implicit_tls=authority.server()) as peer:
        connection = secured(peer, authority, "smtps")
        connection.send(permit(), Octets.of(b"a\r\n"))
        while connection.phase is not Phase.AT_DOT:
            connection.advance()
        connection.abandon()
        assert b"\r\n.\r\n" not in peer.records.until_closed(1)
        assert peer.records.finished == []


@pytest.mark.parametrize("raw", [b"552 5.3.4 too large\r\n", b"250 ok\r\n", b"2"])
def test_over_tls_too_a_peer_that_speaks_before_the_dot_gets_none(
    authority: Authority, raw: bytes
) -> None:
    fault = Fault(Stage.BODY, raw=raw, trickle=0.01)
    with SmtpPeer(fault, implicit_tls=authority.server()) as peer:
        connection = secured(peer, authority, "smtps")
        assert to_the_dot(connection) is None
        # Each of its bytes comes in a record of its own, of 22 bytes at the least.
        await_octets(connection, 22 * len(raw))
        connection.finish()
        outcome = connection.advance()
        assert outcome is not None
        assert not outcome.dot_written
        assert b"\r\n.\r\n" not in peer.records.until_closed(1)


def test_over_tls_too_a_lost_answer_leaves_the_message_unknown(authority: Authority) -> None:
    fault = Fault(Stage.DOT, cut=Cut.AFTER)
    with SmtpPeer(fault, implicit_tls=authority.server()) as peer:
        outcome = deliver(secured(peer, authority, "smtps"), permit())
        assert (outcome.verdict, outcome.dot_written) == (Verdict.UNKNOWN, True)


def test_a_login_over_starttls_never_shows_the_password_in_plaintext(authority: Authority) -> None:
    with SmtpPeer(offers=Offers(tls=authority.server(), login=LOGIN)) as peer:
        connection = secured(peer, authority, "smtp+starttls", WITH_LOGIN)
        assert connection.phase is Phase.IDLE
        wire = bytes(peer.records.wires[1])
        assert wire.index(b"STARTTLS") < wire.index(b"AUTH PLAIN")
        assert deliver(connection, permit()).verdict is Verdict.ACCEPTED
        assert (peer.accepted[0].is_secure, peer.accepted[0].user) == (True, "sender")
        ended(connection)
