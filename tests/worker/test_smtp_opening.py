"""From the banner to a connection that takes mail: greetings, TLS, login, and every way to fail."""

import socket
import time
from pathlib import Path

import pytest

from tests.peers.authority import Authority, create
from tests.peers.faults import NEVER, Cut, Fault, Stage
from tests.peers.smtp_peer import SmtpPeer
from tests.peers.smtp_session import Offers
from tests.worker.driving import HASTY, connect, deliver, ended, opened, permit
from worker.smtp import Connection, Phase, Relay, Verdict

SECRET = "s3cret-пароль"  # not ASCII, and it must show up nowhere
LOGIN = ("sender", SECRET)
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
        assert time.monotonic() - began < 3
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


def test_what_was_offered_before_tls_is_forgotten(authority: Authority) -> None:
    with SmtpPeer(offers=Offers(tls=authority.server())) as peer:
        peer.behave(
            Fault(Stage.EHLO, raw=b"250-peer\r\n250-SIZE 1\r\n250-SMTPUTF8\r\n250 STARTTLS\r\n",
                  times=1),
            Fault(Stage.EHLO, raw=b"250 peer\r\n", times=1),
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
        connection.send(permit(), b"a\r\n")
        while connection.phase is not Phase.AT_DOT:
            connection.advance()
        connection.abandon()
        assert b"\r\n.\r\n" not in peer.records.until_closed(1)
        assert peer.records.finished == []


def test_over_tls_too_a_lost_answer_leaves_the_message_unknown(authority: Authority) -> None:
    fault = Fault(Stage.DOT, cut=Cut.AFTER)
    with SmtpPeer(fault, implicit_tls=authority.server()) as peer:
        outcome = deliver(secured(peer, authority, "smtps"), permit())
        assert (outcome.verdict, outcome.dot_written) == (Verdict.UNKNOWN, True)


@pytest.mark.parametrize("logins", ["PLAIN LOGIN", "LOGIN", "PLAIN", "CRAM-MD5 LOGIN"])
def test_the_login_is_made_with_what_the_relay_knows(logins: str) -> None:
    with SmtpPeer(offers=Offers(login=LOGIN, logins=logins)) as peer:
        connection = connect(f"smtp://{WITH_LOGIN}127.0.0.1:{peer.port}")
        assert connection.trouble is None
        assert deliver(connection, permit()).verdict is Verdict.ACCEPTED
        assert peer.accepted[0].user == "sender"
        ended(connection)


def test_a_login_over_starttls_never_shows_the_password_in_plaintext(authority: Authority) -> None:
    with SmtpPeer(offers=Offers(tls=authority.server(), login=LOGIN)) as peer:
        connection = secured(peer, authority, "smtp+starttls", WITH_LOGIN)
        assert connection.phase is Phase.IDLE
        wire = bytes(peer.records.wires[1])
        assert wire.index(b"STARTTLS") < wire.index(b"AUTH PLAIN")
        assert deliver(connection, permit()).verdict is Verdict.ACCEPTED
        assert (peer.accepted[0].is_secure, peer.accepted[0].user) == (True, "sender")
        ended(connection)


@pytest.mark.parametrize("logins", ["PLAIN", "LOGIN"])
def test_a_wrong_password_is_said_without_saying_it(logins: str) -> None:
    with SmtpPeer(offers=Offers(login=("sender", "another"), logins=logins)) as peer:
        connection = connect(f"smtp://{WITH_LOGIN}127.0.0.1:{peer.port}")
        assert connection.phase is Phase.CLOSED
        assert connection.trouble == "535 wrong user or password"


def test_a_relay_without_a_known_login_is_trouble() -> None:
    with SmtpPeer(offers=Offers(login=LOGIN, logins="GSSAPI")) as peer:
        connection = connect(f"smtp://{WITH_LOGIN}127.0.0.1:{peer.port}")
        assert "no login that is known here" in str(connection.trouble)


def test_a_password_is_never_sent_in_plaintext_to_another_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Only the question "is this loopback?" is answered differently; the rest is real.
    monkeypatch.setattr("worker.smtp.wire.Wire.is_loopback", lambda self: False)
    with SmtpPeer(offers=Offers(login=LOGIN)) as peer:
        connection = connect(f"smtp://{WITH_LOGIN}127.0.0.1:{peer.port}")
        assert connection.phase is Phase.CLOSED
        assert "not sent in plaintext" in str(connection.trouble)
        assert b"AUTH" not in peer.records.until_closed(1)


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
