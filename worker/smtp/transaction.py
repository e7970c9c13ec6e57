"""One message on its way: MAIL, RCPT, DATA, the body, and at last the dot. RFC 5321 3.3."""

from mailing.deliveries.permit import SendPermit
from worker.smtp.conversation import Conversation, Expected
from worker.smtp.envelope import Envelope
from worker.smtp.outcome import Outcome, Timeouts, Verdict
from worker.smtp.reply import SERVICE_CLOSING, TEXT_LIMIT, Broken, Reply

DOT = b".\r\n"
# The relay wants a login: our own settings are at fault, not this message (RFC 4954 6, RFC 3207).
LOGIN_WANTED = frozenset({530, 534, 535, 538})


class Transaction:
    """The handing over of one message; `outcome` is set once, at its end."""

    def __init__(self, permit: SendPermit, conversation: Conversation, timeouts: Timeouts) -> None:
        self.outcome: Outcome | None = None
        self.is_mail_taken = False
        self._permit = permit
        self._conversation = conversation
        self._timeouts = timeouts
        self._body: bytes | None = b""
        self._rcpt = b""
        self._dot_at: int | None = None

    def begin(self, envelope: Envelope, body: bytes, must_reset: bool) -> None:
        """Say MAIL, or RSET first where the message before this one was broken off."""
        self._body, self._rcpt = body, envelope.rcpt
        if must_reset:
            then = Expected("RSET", self._timeouts.mail, lambda reply: self._reset(reply, envelope))
            self._conversation.say(b"RSET", then)
        else:
            self._say_mail(envelope)

    @property
    def is_ready_for_dot(self) -> bool:
        """True once the kernel has every byte of the body and only the dot is missing."""
        is_open = self.outcome is None and self._dot_at is None
        return is_open and self._body is None and not self._conversation.wire.unsent

    @property
    def is_half_done(self) -> bool:
        """True when the peer still holds a sender, so that the next message must begin anew."""
        return self.is_mail_taken and self._dot_at is None

    @property
    def is_dot_written(self) -> bool:
        """True when a byte of the dot may have left this process."""
        return self._dot_at is not None and self._conversation.wire.ventured > self._dot_at

    def write_dot(self) -> None:
        """Write `.` CRLF and nothing else: from here on the message may be delivered."""
        self._dot_at = self._conversation.wire.queued
        self._conversation.expect(Expected("the final dot", self._timeouts.dot, self._confirmed))
        self._conversation.wire.put(DOT)

    def refuse(self, text: str) -> None:
        """End without having written anything."""
        self._end(Verdict.REFUSED, None, text)

    def break_off(self, text: str) -> None:
        """The connection is gone; what that means depends on the dot alone."""
        if self.outcome is None:
            self._end(Verdict.UNKNOWN if self.is_dot_written else Verdict.LOST, None, text)

    def interrupted(self, reply: Reply) -> None:
        """Take a reply that nobody asked for, while the body goes out: the peer wants to end.

        Raises Broken always: after it, no reply could be matched to its command any more.
        """
        if reply.kind in (4, 5):
            self._turn_down(reply)
        raise Broken(str(reply) if reply.kind in (4, 5) else f"an answer too many: {reply}")

    def _reset(self, reply: Reply, envelope: Envelope) -> None:
        if reply.kind != 2:
            raise Broken(f"RSET was answered {reply}")
        self._say_mail(envelope)

    def _say_mail(self, envelope: Envelope) -> None:
        expected = Expected("MAIL", self._timeouts.mail, self._mail)
        self._conversation.say(envelope.mail, expected)

    def _mail(self, reply: Reply) -> None:
        if self._goes_on(reply, 2):
            self.is_mail_taken = True
            expected = Expected("RCPT", self._timeouts.rcpt, self._recipient)
            self._conversation.say(self._rcpt, expected)

    def _recipient(self, reply: Reply) -> None:
        if self._goes_on(reply, 2):
            expected = Expected("DATA", self._timeouts.data, self._data)
            self._conversation.say(b"DATA", expected)

    def _data(self, reply: Reply) -> None:
        if self._goes_on(reply, 3):
            body, self._body = self._body or b"", None
            self._conversation.pour(body, self._timeouts.block)

    def _confirmed(self, reply: Reply) -> None:
        if self._goes_on(reply, 2):
            self._end(Verdict.ACCEPTED, reply.code, reply.text)

    def _goes_on(self, reply: Reply, wanted: int) -> bool:
        """True for the wanted first digit; a refusal ends the message, nonsense the connection."""
        if reply.kind == wanted:
            return True
        if reply.kind not in (4, 5):
            raise Broken(f"an answer that does not fit: {reply}")
        self._turn_down(reply)
        if reply.code == SERVICE_CLOSING or reply.code in LOGIN_WANTED:
            raise Broken(str(reply))
        return False

    def _turn_down(self, reply: Reply) -> None:
        is_final = reply.kind == 5 and reply.code not in LOGIN_WANTED
        self._end(Verdict.REFUSED if is_final else Verdict.DEFERRED, reply.code, reply.text)

    def _end(self, verdict: Verdict, code: int | None, text: str) -> None:
        dot_written = self.is_dot_written
        self.outcome = Outcome(self._permit, verdict, code, text[:TEXT_LIMIT], dot_written)
