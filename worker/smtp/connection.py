"""A connection to the relay, driven by somebody else's event loop."""

import ssl
import time
from collections.abc import Callable
from selectors import EVENT_READ, EVENT_WRITE

from mailing.deliveries.permit import SendPermit
from worker.smtp.conversation import Conversation, Expected
from worker.smtp.envelope import Unsendable, envelope, stuffed
from worker.smtp.extensions import Extensions
from worker.smtp.introduction import Introduction
from worker.smtp.outcome import Outcome, Phase, Timeouts
from worker.smtp.relay import Relay
from worker.smtp.reply import Broken, Reply
from worker.smtp.terms import Terms, system_trust
from worker.smtp.transaction import Transaction
from worker.smtp.wire import dial


class Connection:
    """One socket to one relay, one message at a time; nothing here ever blocks but `open`,
    which resolves the relay's name.

    The loop selects on it (`fileno`, `wants`, not after `deadline`) and calls `advance`. After
    every call of any verb it looks at `phase`: when that is CLOSED the descriptor is gone, and an
    outcome that is still due comes from `advance` at once. `trouble` says why the peer or the
    network ended a connection; None when we did. `transactions` counts messages since `open`.
    """

    def __init__(
        self,
        relay: Relay,
        *,
        helo: str,
        timeouts: Timeouts | None = None,
        clock: Callable[[], float] = time.monotonic,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self.phase = Phase.CLOSED
        self.trouble: str | None = None
        self.transactions = 0
        self._terms = Terms(relay, helo, timeouts or Timeouts(), trust or system_trust())
        self._clock = clock
        self._conversation: Conversation | None = None
        self._introduction: Introduction | None = None
        self._transaction: Transaction | None = None
        self._must_reset = False

    def open(self) -> None:
        """Start to connect; afterwards the phase is CONNECTING, or CLOSED with `trouble`."""
        if self.phase is not Phase.CLOSED:
            raise RuntimeError(f"open needs a connection that is closed, not {self.phase}")
        self.trouble, self.transactions, self._must_reset = None, 0, False
        try:
            wire = dial(self._terms.relay)
        except Broken as error:
            self.trouble = str(error)
            return
        patience = self._terms.timeouts.connect
        self._conversation = Conversation(wire, patience, self._clock, self._unasked)
        self._introduction = Introduction(self._terms, self._conversation)
        self.phase = Phase.CONNECTING

    def fileno(self) -> int:
        """The socket's descriptor, the same from `open` to the end; -1 when closed."""
        return self._conversation.wire.fileno() if self._conversation else -1

    def wants(self) -> int:
        """What to select for: EVENT_READ, EVENT_WRITE or both; 0 when closed."""
        if self._conversation is None:
            return 0
        if self._has_outcome():
            return EVENT_READ | EVENT_WRITE
        return self._conversation.wire.wants()

    def deadline(self) -> float | None:
        """When to call `advance` at the latest, by the given clock; None: no hurry."""
        if self._has_outcome():
            return self._clock()
        return self._conversation.deadline if self._conversation else None

    def send(self, permit: SendPermit, message: bytes) -> None:
        """IDLE to SENDING: hand over envelope and body, up to and without the final dot.

        `message` is a whole RFC 5322 message with CRLF, not dot-stuffed. Raises TypeError without
        a permit, ValueError for a message that is not CRLF only, RuntimeError when not IDLE.
        """
        conversation = self._demand(Phase.IDLE, "send")
        if not isinstance(permit, SendPermit):
            raise TypeError("nothing is sent without a permit of the gate")
        body = stuffed(message)
        self.transactions += 1
        self.phase = Phase.SENDING
        transaction = Transaction(permit, conversation, self._terms.timeouts)
        self._transaction = transaction
        try:
            commands = envelope(permit, message, self._extensions)
        except Unsendable as reason:
            transaction.refuse(str(reason))
            return
        transaction.begin(commands, body, self._must_reset)
        self._must_reset = False

    def finish(self) -> None:
        """AT_DOT to CONFIRMING: write the dot, the point of no return (RFC 5321 6.1).

        A peer that has hung up or spoken meanwhile gets no dot; then the next `advance` returns
        the outcome, with `dot_written` false. Raises RuntimeError when not AT_DOT.
        """
        conversation = self._demand(Phase.AT_DOT, "finish")
        try:
            has_spoken = conversation.hear()
        except Broken as error:
            self._fall(str(error))
            return
        if has_spoken:
            self._fall("the peer spoke before the end of the message")
        elif self._transaction:
            self._transaction.write_dot()
            self.phase = Phase.CONFIRMING

    def abandon(self) -> None:
        """Close at once so that the dot is never written; the server must discard the message
        (RFC 5321 4.1.1.10). Nothing is reported for it.

        A message whose dot is written cannot be called back: it stays due from `advance`.
        """
        if self.phase is not Phase.CONFIRMING:
            self._transaction = None
        self._drop("closed here before the answer came", at_once=True)

    def advance(self) -> Outcome | None:
        """Go on as far as the socket allows, after readiness or a time-out.

        Returns the outcome of a message when it has come to its end. Never blocks, never raises
        for anything that the peer or the network does.
        """
        if self._conversation is not None and not self._has_outcome():
            try:
                self._conversation.listen()
                self._move_on()
            except Broken as error:
                self._fall(str(error))
        return self._collect()

    def close(self) -> None:
        """Say QUIT when idle and wait a little for the answer, else close at once.

        Drive it on until the phase is CLOSED.
        """
        if self.phase is not Phase.IDLE or self._conversation is None:
            self._drop("closed here before the answer came")
            return
        self.phase = Phase.QUITTING
        expected = Expected("QUIT", self._terms.timeouts.quit, self._bid_farewell)
        self._conversation.say(b"QUIT", expected)

    def is_stale(self) -> bool:
        """True when an idle connection cannot be used, since the peer hung up or took leave.

        It is closed then.
        """
        conversation = self._demand(Phase.IDLE, "is_stale")
        try:
            if conversation.hear():
                self._fall("the peer spoke out of turn")
        except Broken as error:
            self._fall(str(error))
        return self.phase is Phase.CLOSED

    @property
    def _extensions(self) -> Extensions:
        return self._introduction.extensions if self._introduction else Extensions()

    def _demand(self, phase: Phase, verb: str) -> Conversation:
        if self.phase is not phase or self._conversation is None:
            raise RuntimeError(f"{verb} needs a connection that is {phase}, not {self.phase}")
        return self._conversation

    def _move_on(self) -> None:
        if self.phase is Phase.CONNECTING and self._introduction and self._introduction.is_done:
            self._remember(is_silent=False)
            self.phase = Phase.IDLE
        elif self._transaction and self._transaction.is_ready_for_dot:
            self.phase = Phase.AT_DOT

    def _has_outcome(self) -> bool:
        return self._transaction is not None and self._transaction.outcome is not None

    def _collect(self) -> Outcome | None:
        """Take the outcome off; the connection is free again if it is still there."""
        transaction = self._transaction
        if transaction is None or transaction.outcome is None:
            return None
        self._transaction = None
        self._must_reset |= transaction.is_half_done
        if self.phase is not Phase.CLOSED:
            self.phase = Phase.IDLE
        return transaction.outcome

    def _unasked(self, reply: Reply) -> None:
        if self._transaction is not None:
            self._transaction.interrupted(reply)
        raise Broken(str(reply))

    def _bid_farewell(self, reply: Reply) -> None:
        raise Broken(str(reply))

    def _fall(self, text: str) -> None:
        """The connection came to its end by the peer or the network, not by us."""
        if self.phase is not Phase.QUITTING:
            self.trouble = text
        self._remember(is_silent=self.phase is Phase.CONNECTING)
        self._drop(text)

    def _drop(self, text: str, at_once: bool = False) -> None:
        self.phase = Phase.CLOSED
        if self._transaction is not None:
            self._transaction.break_off(text)
        if self._conversation is not None:
            self._conversation.wire.shut(at_once)
            self._conversation = None

    def _remember(self, is_silent: bool) -> None:
        if self._conversation is not None:
            self._terms.relay.remember(self._conversation.wire.spot, is_silent)
