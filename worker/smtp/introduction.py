"""From the banner to a connection that takes mail: EHLO, STARTTLS, EHLO again, login."""

from worker.smtp.conversation import Conversation, Expected
from worker.smtp.extensions import Extensions
from worker.smtp.login import Login
from worker.smtp.relay import Security
from worker.smtp.reply import Broken, Reply
from worker.smtp.terms import Terms, system_trust


class Introduction:
    """Waits for the banner when made; raises Broken through `listen` when the peer says no."""

    def __init__(self, terms: Terms, conversation: Conversation) -> None:
        self.extensions = Extensions()
        self.is_done = False
        self._terms = terms
        self._conversation = conversation
        if terms.relay.security is Security.TLS:
            self._secure()
        patience = terms.timeouts.greeting
        conversation.expect(Expected("the connection", patience, self._banner))

    def _banner(self, reply: Reply) -> None:
        if reply.kind != 2:
            raise Broken(str(reply))
        self._greet("EHLO")

    def _greet(self, verb: str) -> None:
        then = self._ehlo if verb == "EHLO" else self._helo
        self._say(f"{verb} {self._terms.helo}", Expected(verb, self._terms.timeouts.mail, then))

    def _ehlo(self, reply: Reply) -> None:
        if reply.kind == 5:
            # A server from before RFC 1869; it offers nothing.
            self._greet("HELO")
        elif reply.kind == 2:
            self.extensions = Extensions.read(reply)
            self._protect()
        else:
            raise Broken(str(reply))

    def _helo(self, reply: Reply) -> None:
        if reply.kind != 2:
            raise Broken(str(reply))
        self._protect()

    def _protect(self) -> None:
        if self._terms.relay.security is not Security.STARTTLS or self._conversation.wire.is_secure:
            self._log_in()
        elif not self.extensions.offers("STARTTLS"):
            raise Broken("the relay does not offer STARTTLS, so nothing is sent to it")
        else:
            expected = Expected("STARTTLS", self._terms.timeouts.mail, self._starttls)
            self._say("STARTTLS", expected)

    def _starttls(self, reply: Reply) -> None:
        if reply.kind != 2:
            raise Broken(str(reply))
        # RFC 3207 4.2: what was learnt in plaintext must be forgotten.
        self.extensions = Extensions()
        self._conversation.secure(self._secure)
        self._greet("EHLO")

    def _secure(self) -> None:
        trust = self._terms.trust or system_trust()
        self._conversation.wire.secure(trust, self._terms.relay.host)

    def _log_in(self) -> None:
        relay = self._terms.relay
        if relay.user is None or relay.password is None:
            self._done()
            return
        login = Login(relay.user, relay.password, self._conversation, self._done)
        login.begin(self.extensions, self._terms.timeouts.mail)

    def _done(self) -> None:
        self.is_done = True

    def _say(self, line: str, expected: Expected) -> None:
        self._conversation.say(f"{line}\r\n".encode("ascii"), expected)
