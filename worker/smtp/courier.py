"""Carries messages over one connection: MAIL, RCPT, DATA, the body, the dot. RFC 5321 3.3."""

from collections import deque

from mailing.deliveries.permit import SendPermit
from worker.smtp.conversation import Conversation, Expected
from worker.smtp.envelope import Envelope
from worker.smtp.outcome import Outcome, Stage, Timeouts, Verdict
from worker.smtp.reply import SERVICE_CLOSING, TEXT_LIMIT, Broken, Reply

RSET = b"RSET\r\n"
DATA = b"DATA\r\n"
DOT = b".\r\n"
# The relay wants a login: our own settings are at fault, not this message (RFC 4954 6, RFC 3207).
LOGIN_WANTED = frozenset({530, 534, 535, 538})


class Courier:
    """One message after the other; `outcome` is set at the end of each, until `take` takes it.

    With `is_pipelining` the envelope goes out as one group (RFC 2920); a refusal counts once the
    whole group is answered, or the connection gone. There is one courier for a connection, since
    what it expects is the same for every message: 0.4 us for each, where a new one takes 4.9.
    """

    def __init__(self, conversation: Conversation, timeouts: Timeouts, is_pipelining: bool) -> None:
        self.is_pipelining = is_pipelining
        self.outcome: Outcome | None = None
        self._permit: SendPermit | None = None
        self._conversation = conversation
        self._block_patience = timeouts.block
        self._reset_due = Expected("RSET", timeouts.mail, self._reset)
        self._envelope_due = (
            Expected("MAIL", timeouts.mail, self._mail),
            Expected("RCPT", timeouts.rcpt, self._recipient),
            Expected("DATA", timeouts.data, self._data),
        )
        self._dot_due = Expected("the final dot", timeouts.dot, self._confirmed)
        self._unsaid: deque[tuple[bytes, Expected]] = deque()
        self._refusal: Outcome | None = None
        self._body: bytes | None = None
        self._dot_at: int | None = None
        # The peer holds a sender whose message was broken off, so the next one must begin anew.
        self._must_reset = False

    def receive(self, permit: SendPermit) -> None:
        """Take responsibility for one message; from here on an outcome is due."""
        self._permit = permit
        self.outcome = self._refusal = self._body = self._dot_at = None

    def begin(self, envelope: Envelope, body: bytes) -> None:
        """Say the envelope, after RSET where the message before this one was broken off."""
        self._body = body
        if self.is_pipelining:
            self._say_at_once(envelope)
        else:
            self._unsaid.clear()
            if self._must_reset:
                self._unsaid.append((RSET, self._reset_due))
            self._unsaid += zip((*envelope, DATA), self._envelope_due, strict=True)
            self._say_next()

    @property
    def is_carrying(self) -> bool:
        """True while an outcome is due or waits to be taken."""
        return self._permit is not None

    @property
    def is_ready_for_dot(self) -> bool:
        """True once the kernel has every byte of the body and only the dot is missing."""
        is_poured = self._body is None and self.outcome is None and self._dot_at is None
        return is_poured and not self._conversation.wire.unsent

    @property
    def is_dot_written(self) -> bool:
        """True when a byte of the dot may have left this process."""
        return self._dot_at is not None and self._conversation.wire.ventured > self._dot_at

    @property
    def has_lost_commands(self) -> bool:
        """True when the peer took MAIL and left the rest of the group without an answer."""
        is_said = self.is_pipelining and self._must_reset and self._body is not None
        is_hanging = self.is_carrying and self._refusal is None
        return is_said and is_hanging and self._conversation.is_awaiting

    def write_dot(self) -> None:
        """Write `.` CRLF and nothing else: from here on the message may be delivered."""
        self._dot_at = self._conversation.wire.queued
        self._must_reset = False
        self._conversation.say(DOT, self._dot_due)

    def refuse(self, text: str) -> None:
        """End without having written anything."""
        self._end(Verdict.REFUSED, text)

    def break_off(self, text: str) -> None:
        """The connection is gone; what that means depends on an earlier refusal and the dot."""
        if self._permit is None or self.outcome is not None:
            return
        if self._refusal is not None:
            self.outcome = self._refusal
        else:
            self._end(Verdict.UNKNOWN if self.is_dot_written else Verdict.LOST, text)

    def take(self) -> Outcome | None:
        """Take the outcome off, if there is one: the next message may come."""
        outcome, self.outcome = self.outcome, None
        if outcome is not None:
            self._permit = None
        return outcome

    def forget(self) -> None:
        """Let go of the message: nothing will be reported for it."""
        self._permit = self.outcome = None

    def interrupted(self, reply: Reply) -> None:
        """Take a reply that nobody asked for, while the body goes out: the peer wants to end.

        Raises Broken always: after it, no reply could be matched to its command any more.
        """
        if reply.kind not in (4, 5):
            raise Broken(f"an answer too many: {reply}")
        if self._permit is not None and self.outcome is None:
            self._refusal = self._turned_down(reply, Stage.BODY)
        raise Broken(str(reply))

    def _say_at_once(self, envelope: Envelope) -> None:
        mail, rcpt = envelope
        if self._must_reset:
            lines = RSET + mail + rcpt + DATA
            self._conversation.say(lines, self._reset_due, *self._envelope_due)
        else:
            self._conversation.say(mail + rcpt + DATA, *self._envelope_due)

    def _say_next(self) -> None:
        if self._unsaid:
            line, expected = self._unsaid.popleft()
            self._conversation.say(line, expected)

    def _reset(self, reply: Reply) -> None:
        if reply.kind != 2:
            raise Broken(f"RSET was answered {reply}")
        self._must_reset = False
        self._say_next()

    def _mail(self, reply: Reply) -> None:
        if reply.kind == 2:
            self._must_reset = True
            self._say_next()
        else:
            self._refused(reply, Stage.MAIL)

    def _recipient(self, reply: Reply) -> None:
        if self._refusal is not None:
            self._swallow(reply, Stage.RCPT)
        elif reply.kind == 2:
            self._say_next()
        else:
            self._refused(reply, Stage.RCPT)

    def _data(self, reply: Reply) -> None:
        if self._refusal is not None:
            self._swallow(reply, Stage.DATA)
        elif reply.kind == 3:
            body, self._body = self._body or b"", None
            self._conversation.pour(body, self._block_patience)
        else:
            self._refused(reply, Stage.DATA)

    def _confirmed(self, reply: Reply) -> None:
        if reply.kind == 2:
            self._end(Verdict.ACCEPTED, reply.text, reply.code, Stage.DOT)
        else:
            self._refused(reply, Stage.DOT)

    def _refused(self, reply: Reply, stage: Stage) -> None:
        """A refusal ends the message, nonsense the connection; so does a relay that closes."""
        if reply.kind not in (4, 5):
            raise Broken(f"an answer that does not fit: {reply}")
        self._refusal = self._turned_down(reply, stage)
        if reply.code == SERVICE_CLOSING or reply.code in LOGIN_WANTED:
            raise Broken(str(reply))
        self._conclude()

    def _swallow(self, reply: Reply, stage: Stage) -> None:
        """Take the answer to what was said before the refusal was known; it decides nothing.

        A relay that asks for the message all the same gets none, not even a lone dot (RFC 2920
        3.1 would have one): it could deliver an empty message. So the connection must end.
        """
        is_fitting = reply.kind in (4, 5) or (reply.kind == 2 and stage is Stage.RCPT)
        if not is_fitting or reply.code == SERVICE_CLOSING:
            raise Broken(f"{stage.upper()} was answered after a refusal: {reply}")
        self._conclude()

    def _conclude(self) -> None:
        if not self._conversation.is_awaiting:
            self.outcome = self._refusal

    def _turned_down(self, reply: Reply, stage: Stage) -> Outcome:
        is_final = reply.kind == 5 and reply.code not in LOGIN_WANTED
        verdict = Verdict.REFUSED if is_final else Verdict.DEFERRED
        return self._outcome(verdict, reply.text, reply.code, stage)

    def _end(
        self, verdict: Verdict, text: str, code: int | None = None, stage: Stage | None = None
    ) -> None:
        self.outcome = self._outcome(verdict, text, code, stage)

    def _outcome(
        self, verdict: Verdict, text: str, code: int | None, stage: Stage | None
    ) -> Outcome:
        if self._permit is None:
            raise RuntimeError("an outcome needs a message")
        return Outcome(self._permit, verdict, code, text[:TEXT_LIMIT], self.is_dot_written, stage)
