"""Carries messages over one connection: MAIL, RCPT, DATA, the body, the dot. RFC 5321 3.3."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from mailing.deliveries.message.octets import Octets
from mailing.deliveries.permit import SendPermit
from worker.smtp.conversation import Conversation, Expected
from worker.smtp.envelope import Envelope
from worker.smtp.outcome import Outcome, Phase, Stage, Timeouts, Verdict
from worker.smtp.reply import SERVICE_CLOSING, TEXT_LIMIT, Broken, Reply

RSET = b"RSET\r\n"
DATA = b"DATA\r\n"
DOT = b".\r\n"
# The relay wants a login: our own settings are at fault, not this message (RFC 4954 6, RFC 3207).
LOGIN_WANTED = frozenset({530, 534, 535, 538})


class Following(NamedTuple):
    """The message behind the one that is carried: its envelope goes out with the other's dot."""

    permit: SendPermit
    envelope: Envelope
    octets: Octets


class Courier:
    """One message after the other; the outcome of each waits in `outcomes` until it is taken off.

    With `is_pipelining` the envelope goes out as one group (RFC 2920), and the next message's with
    the final dot of this one, where `follow` was called in time; a refusal counts once the whole
    group is answered, or the connection gone. There is one courier for a connection, since what it
    expects is the same for every message: 0.4 us for each, where a new one takes 4.9.
    """

    def __init__(
        self,
        conversation: Conversation,
        timeouts: Timeouts,
        is_pipelining: bool,
        has_followed: Callable[[], None],
    ) -> None:
        """`has_followed` is called whenever an envelope that went out with a dot is answered."""
        self.is_pipelining = is_pipelining
        self._has_followed = has_followed
        self.outcomes: deque[Outcome] = deque()
        self._permit: SendPermit | None = None
        self._following: Following | None = None
        self._is_behind = self._is_last = self._is_follower = False
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
        self._body: Octets | None = None
        self._dot_at: int | None = None
        # The peer holds a sender whose message was broken off, so the next one must begin anew.
        self._must_reset = False

    def receive(self, permit: SendPermit) -> None:
        """Take responsibility for one message; from here on an outcome is due."""
        self._permit = permit
        self._refusal = self._body = self._dot_at = None
        self._is_behind = self._is_follower = False

    def begin(self, envelope: Envelope, octets: Octets) -> None:
        """Say the envelope, after RSET where the message before this one was broken off."""
        self._body = octets
        if self.is_pipelining:
            self._say_at_once(envelope)
        else:
            self._unsaid.clear()
            if self._must_reset:
                self._unsaid.append((RSET, self._reset_due))
            self._unsaid += zip((*envelope, DATA), self._envelope_due, strict=True)
            self._say_next()

    def follow(self, following: Following) -> None:
        """Take a message along whose envelope is said with the dot of this one: RFC 2920 3.1."""
        self._following = following

    def turn_away(self, permit: SendPermit, text: str) -> None:
        """Refuse one of which nothing has been said, and nothing will be."""
        self.outcomes.append(Outcome(permit, Verdict.REFUSED, None, text[:TEXT_LIMIT], False))

    def call_back(self) -> bool:
        """Let go of the message that follows, for which nothing will be reported then; whether
        there was one. One that was turned away has its outcome.

        Its envelope is said, so the connection has to end once the dot before it is answered.
        """
        if self._following is None:
            return False
        self._following, self._is_last = None, True
        return True

    @property
    def phase(self) -> Phase:
        """Where the message stands that is carried now, IDLE when there is none."""
        if self._permit is None:
            return Phase.SENDING if self.outcomes else Phase.IDLE
        if self._dot_at is not None:
            return Phase.CONFIRMING
        return Phase.AT_DOT if self.is_ready_for_dot else Phase.SENDING

    @property
    def is_carrying(self) -> bool:
        """True while an outcome is due or waits to be taken."""
        return self._permit is not None or bool(self.outcomes)

    @property
    def is_followed(self) -> bool:
        """True while a message waits behind the one that is carried."""
        return self._following is not None

    @property
    def is_ready_for_dot(self) -> bool:
        """True once the kernel has every byte of the body and only the dot is missing."""
        is_poured = self._body is None and self._permit is not None and self._dot_at is None
        return is_poured and not self._conversation.wire.unsent

    @property
    def is_dot_written(self) -> bool:
        """True when a byte of the dot may have left this process."""
        return self._dot_at is not None and self._conversation.wire.ventured > self._dot_at

    @property
    def has_lost_commands(self) -> bool:
        """True when the peer took MAIL and left the rest of the group without an answer."""
        is_said = self.is_pipelining and self._must_reset and self._body is not None
        return is_said and self._is_hanging

    @property
    def has_lost_following(self) -> bool:
        """True when the peer answered a dot, and nothing of what was said with it."""
        return self._is_behind and self._is_hanging

    @property
    def _is_hanging(self) -> bool:
        is_open = self._permit is not None and self._refusal is None
        return is_open and self._conversation.is_awaiting

    def write_dot(self) -> None:
        """Write `.` CRLF, and nothing behind it but the envelope of the message that follows.

        From here on the message may be delivered.
        """
        self._dot_at = self._conversation.wire.queued
        self._must_reset = False
        if self._following is None:
            self._conversation.say(DOT, self._dot_due)
        else:
            mail, rcpt = self._following.envelope
            lines = DOT + mail + rcpt + DATA
            self._conversation.say(lines, self._dot_due, *self._envelope_due)

    def break_off(self, text: str) -> None:
        """The connection is gone; what that means depends on an earlier refusal and the dot."""
        if self._permit is not None:
            verdict = Verdict.UNKNOWN if self.is_dot_written else Verdict.LOST
            self._end(self._refusal or self._outcome(verdict, text))
        if self._following is not None:
            self._go_on()
            self._end(self._outcome(Verdict.LOST, text))

    def forget(self) -> None:
        """Let go of the message: nothing will be reported for it."""
        self._permit = None
        self.outcomes.clear()

    def interrupted(self, reply: Reply) -> None:
        """Take a reply that nobody asked for, while the body goes out: the peer wants to end.

        Raises Broken always: after it, no reply could be matched to its command any more.
        """
        if reply.kind not in (4, 5):
            raise Broken(f"an answer too many: {reply}")
        if self._permit is not None:
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
        if self._is_behind:
            self._is_behind = False
            self._has_followed()
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
            octets, self._body = self._body, None
            wire = octets.wire if octets else b""
            self._conversation.pour(wire, self._block_patience, self._is_follower)
        else:
            self._refused(reply, Stage.DATA)

    def _confirmed(self, reply: Reply) -> None:
        if reply.kind == 2:
            self._end(self._outcome(Verdict.ACCEPTED, reply.text, reply.code, Stage.DOT))
        else:
            self._end(self._turned_down(reply, Stage.DOT))
        if _closes(reply):
            raise Broken(str(reply))
        if self._is_last:
            raise Broken("closed here before the next message")
        self._go_on()

    def _go_on(self) -> None:
        """Carry the message that follows, if there is one."""
        following, self._following = self._following, None
        if following is not None:
            self.receive(following.permit)
            self._body, self._is_behind = following.octets, True
            # The relay was prompt when the dot before was written, so its own dot is near.
            self._is_follower = True

    def _refused(self, reply: Reply, stage: Stage) -> None:
        """A refusal ends the message, nonsense the connection; so does a relay that closes."""
        self._refusal = self._turned_down(reply, stage)
        if _closes(reply):
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
        if self._refusal is not None and not self._conversation.is_awaiting:
            self._end(self._refusal)

    def _turned_down(self, reply: Reply, stage: Stage) -> Outcome:
        if reply.kind not in (4, 5):
            raise Broken(f"an answer that does not fit: {reply}")
        is_final = reply.kind == 5 and reply.code not in LOGIN_WANTED
        verdict = Verdict.REFUSED if is_final else Verdict.DEFERRED
        return self._outcome(verdict, reply.text, reply.code, stage)

    def _end(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self._permit = None

    def _outcome(
        self, verdict: Verdict, text: str, code: int | None = None, stage: Stage | None = None
    ) -> Outcome:
        if self._permit is None:
            raise RuntimeError("an outcome needs a message")
        return Outcome(self._permit, verdict, code, text[:TEXT_LIMIT], self.is_dot_written, stage)


def _closes(reply: Reply) -> bool:
    """Whether a refusal is of us, and ends the connection."""
    return reply.code == SERVICE_CLOSING or reply.code in LOGIN_WANTED
