"""Logging in to a relay."""

import pytest

from tests.peers.driving import connect, deliver, ended, permit
from tests.peers.smtp_peer import SmtpPeer
from tests.peers.smtp_session import Offers
from worker.smtp import Phase, Verdict

LOGIN = ("sender", "s3cret-пароль")
WITH_LOGIN = "sender:s3cret-%D0%BF%D0%B0%D1%80%D0%BE%D0%BB%D1%8C@"


@pytest.mark.parametrize("logins", ["PLAIN LOGIN", "LOGIN", "PLAIN", "CRAM-MD5 LOGIN"])
def test_the_login_is_made_with_what_the_relay_knows(logins: str) -> None:
    with SmtpPeer(offers=Offers(login=LOGIN, logins=logins)) as peer:
        connection = connect(f"smtp://{WITH_LOGIN}127.0.0.1:{peer.port}")
        assert connection.trouble is None
        assert deliver(connection, permit()).verdict is Verdict.ACCEPTED
        assert peer.accepted[0].user == "sender"
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
