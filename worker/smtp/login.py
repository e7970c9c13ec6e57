"""Logging in to a relay with AUTH PLAIN or AUTH LOGIN. RFC 4954, RFC 4616."""

from base64 import b64encode
from collections.abc import Callable

from worker.smtp.conversation import Conversation, Expected
from worker.smtp.extensions import Extensions
from worker.smtp.reply import Broken, Reply


class Login:
    """One login; raises Broken when it is refused or would show the password to the network."""

    def __init__(
        self, user: str, password: str, conversation: Conversation, done: Callable[[], None]
    ) -> None:
        self._user = user
        self._password = password
        self._conversation = conversation
        self._done = done
        self._patience = 0.0

    def begin(self, extensions: Extensions, patience: float) -> None:
        """Say AUTH with the first mechanism that both sides know."""
        wire = self._conversation.wire
        if not (wire.is_secure or wire.is_loopback()):
            raise Broken(
                "the password is not sent in plaintext: use smtp+starttls:// or smtps:// "
                "in KELISIM_SMTP_URL"
            )
        self._patience = patience
        if "PLAIN" in extensions.logins:
            secret = _coded(f"\0{self._user}\0{self._password}")
            self._say(b"AUTH PLAIN " + secret, self._finished)
        elif "LOGIN" in extensions.logins:
            self._say(b"AUTH LOGIN", self._asked_for_user)
        else:
            raise Broken("the relay offers no login that is known here (AUTH PLAIN or LOGIN)")

    def _asked_for_user(self, reply: Reply) -> None:
        self._go_on(reply, self._user, self._asked_for_password)

    def _asked_for_password(self, reply: Reply) -> None:
        self._go_on(reply, self._password, self._finished)

    def _go_on(self, reply: Reply, secret: str, then: Callable[[Reply], None]) -> None:
        if reply.kind != 3:
            raise Broken(str(reply))
        self._say(_coded(secret), then)

    def _finished(self, reply: Reply) -> None:
        if reply.kind != 2:
            raise Broken(str(reply))
        self._done()

    def _say(self, line: bytes, then: Callable[[Reply], None]) -> None:
        self._conversation.say(line + b"\r\n", Expected("AUTH", self._patience, then))


def _coded(secret: str) -> bytes:
    return b64encode(secret.encode())
