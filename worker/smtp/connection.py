"""A connection to the relay, driven by somebody else's event loop."""

import ssl
import time
from collections.abc import Callable
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE

from mailing.deliveries.message.octets import Octets
from mailing.deliveries.permit import SendPermit
from worker.smtp.conversation import Conversation, Expected
from worker.smtp.courier import Courier, Following
from worker.smtp.dialling import dial
from worker.smtp.envelope import Envelope, Unsendable, envelope
from worker.smtp.extensions import Extensions
from worker.smtp.introduction import Introduction
from worker.smtp.outcome import Outcome, Phase, Timeouts
from worker.smtp.relay import Relay, Spot
from worker.smtp.reply import Broken, Reply
from worker.smtp.terms import Terms


class Connection:
    """One socket to one relay, one message after the other; nothing here ever blocks but `open`,
    which resolves the relay's name.

    The loop selects on it (`fileno`, `wants`, not after `deadline`) and calls `advance`. After
    every call of any verb it looks at `phase`: when that is CLOSED the descriptor is gone, and an
    outcome that is still due comes from `advance` at once, and all that are due after it from
    `take`. `trouble` says why the peer or the network ended a connection; None when we did, unless
    something was called back on it. `transactions` counts messages since `open`.
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
        self._terms = Terms(relay, helo, timeouts or Timeouts(), trust)
        self._clock = clock
        self._conversation: Conversation | None = None
        self._introduction: Introduction | None = None
        self._courier: Courier | None = None
        self._extensions = Extensions()

    def open(self) -> None:
        """Start to connect; afterwards the phase is CONNECTING, or CLOSED with `trouble`."""
        if self.phase is not Phase.CLOSED:
            raise RuntimeError(f"open needs a connection that is closed, not {self.phase}")
        self.trouble, self.transactions, self._courier = None, 0, None
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
        if self._courier is not None and self._courier.outcomes:
            return EVENT_READ | EVENT_WRITE
        return self._conversation.wire.wants()

    def deadline(self) -> float | None:
        """When to call `advance` at the latest, by the given clock; None: no hurry."""
        if self._courier is not None and self._courier.outcomes:
            return 0.0
        return self._conversation.deadline if self._conversation else None

    def send(self, permit: SendPermit, octets: Octets) -> None:
        """IDLE to SENDING: hand over envelope and body, up to and without the final dot.

        Raises TypeError without a permit, RuntimeError when not IDLE. What this relay cannot take
        (RFC 1870, 6152, 6531) is refused here: the next `advance` returns that.
        """
        courier = self._demand(Phase.IDLE, "send")
        commands = self._begin(permit, octets)
        self.phase = Phase.SENDING
        if isinstance(commands, Unsendable):
            courier.turn_away(permit, str(commands))
        else:
            courier.receive(permit)
            courier.begin(commands, octets)

    def may_be_followed(self) -> bool:
        """AT_DOT: whether the envelope of another message may go out with this one's dot."""
        courier = self._demand(Phase.AT_DOT, "may_be_followed")
        if self._conversation is None or not courier.is_pipelining or courier.is_followed:
            return False
        return self._terms.relay.may_join(self._conversation.wire.spot, self._clock())

    def follow(self, permit: SendPermit, octets: Octets) -> None:
        """AT_DOT: hand over the message behind this one. `finish` says its envelope with the dot
        (RFC 2920 3.1), and its body follows as soon as the relay asks for it.

        Raises TypeError without a permit, RuntimeError when not AT_DOT. What this relay cannot take
        is refused here, as `send` does.
        """
        courier = self._demand(Phase.AT_DOT, "follow")
        commands = self._begin(permit, octets)
        if isinstance(commands, Unsendable):
            courier.turn_away(permit, str(commands))
        else:
            courier.follow(Following(permit, commands, octets))

    def call_back(self) -> bool:
        """CONFIRMING: let go of the message behind this one, for which nothing will be reported
        then; whether there was one. One that was refused here has its outcome all the same.

        The connection ends when the dot is answered: the relay was told of one more, and has to
        discard it.
        """
        return self._demand(Phase.CONFIRMING, "call_back").call_back()

    def finish(self) -> None:
        """AT_DOT to CONFIRMING: write the dot, the point of no return (RFC 5321 6.1).

        A peer that has hung up or spoken meanwhile gets no dot; then the next `advance` returns
        the outcome, with `dot_written` false. Raises RuntimeError when not AT_DOT.
        """
        courier = self._demand(Phase.AT_DOT, "finish")
        if self._is_undisturbed("the peer spoke before the end of the message"):
            courier.write_dot()
            self.phase = Phase.CONFIRMING
            if courier.is_followed and self._conversation is not None:
                self._terms.relay.join(self._conversation.wire.spot, self._clock())

    def abandon(self) -> None:
        """Close at once so that the dot is never written; the server must discard the message
        (RFC 5321 4.1.1.10). Nothing is reported for it.

        A message whose dot is written cannot be called back: it stays due from `advance`.
        """
        if self._courier is not None and self.phase is not Phase.CONFIRMING:
            self._courier.forget()
        self._drop("closed here before the answer came", at_once=True)

    def advance(self) -> Outcome | None:
        """Go on as far as the socket allows, after readiness or a time-out.

        Returns the outcome of a message when it has come to its end. Never blocks, never raises
        for anything that the peer or the network does.
        """
        courier = self._courier
        if self._conversation is not None and (courier is None or not courier.outcomes):
            try:
                self._conversation.listen()
                self._move_on()
            except Broken as error:
                self._fall(str(error))
        return self.take()

    def take(self) -> Outcome | None:
        """The next outcome that has come already: what stood behind a dot may have ended as well.

        The connection is free again with the last, if it is still there.
        """
        courier = self._courier
        if courier is None or not courier.outcomes:
            return None
        outcome = courier.outcomes.popleft()
        if self.phase is not Phase.CLOSED:
            self.phase = courier.phase
        return outcome

    def close(self) -> None:
        """Say QUIT when idle and wait a little for the answer, else close at once.

        Drive it on until the phase is CLOSED.
        """
        if self.phase is not Phase.IDLE or self._conversation is None:
            self._drop("closed here before the answer came")
            return
        self.phase = Phase.QUITTING
        expected = Expected("QUIT", self._terms.timeouts.quit, self._bid_farewell)
        self._conversation.say(b"QUIT\r\n", expected)

    def is_stale(self) -> bool:
        """True when an idle connection cannot be used, since the peer hung up or took leave.

        It is closed then.
        """
        self._demand(Phase.IDLE, "is_stale")
        return not self._is_undisturbed("the peer spoke out of turn")

    def _begin(self, permit: SendPermit, octets: Octets) -> Envelope | Unsendable:
        if not isinstance(permit, SendPermit):
            raise TypeError("nothing is sent without a permit of the gate")
        self.transactions += 1
        try:
            return envelope(permit, octets, self._extensions)
        except Unsendable as reason:
            return reason

    def _demand(self, phase: Phase, verb: str) -> Courier:
        if self.phase is not phase or self._courier is None:
            raise RuntimeError(f"{verb} needs a connection that is {phase}, not {self.phase}")
        return self._courier

    def _is_undisturbed(self, otherwise: str) -> bool:
        """True when the peer is there and silent; it is hung up on if not."""
        try:
            if self._conversation is None or self._conversation.has_spoken():
                self._fall(otherwise)
        except Broken as error:
            self._fall(str(error))
        return self.phase is not Phase.CLOSED

    def _move_on(self) -> None:
        if self.phase is Phase.SENDING:
            if self._courier is not None and self._courier.is_ready_for_dot:
                self.phase = Phase.AT_DOT
        elif self.phase is Phase.CONNECTING and self._introduction and self._introduction.is_done:
            self._be_idle(self._introduction.extensions)

    def _be_idle(self, extensions: Extensions) -> None:
        """The introduction is over: from here on it takes messages."""
        conversation = self._conversation
        if conversation is None:
            return
        relay, spot = self._terms.relay, conversation.wire.spot
        relay.remember(spot, is_silent=False)
        is_pipelining = extensions.offers("PIPELINING") and relay.may_pipeline(spot, self._clock())
        timeouts, has_followed = self._terms.timeouts, partial(relay.joined.add, spot)
        self._courier = Courier(conversation, timeouts, is_pipelining, has_followed)
        self._extensions = extensions
        self.phase = Phase.IDLE

    def _unasked(self, reply: Reply) -> None:
        if self._courier is not None and self._courier.is_carrying:
            self._courier.interrupted(reply)
        raise Broken(str(reply))

    def _bid_farewell(self, reply: Reply) -> None:
        raise Broken(str(reply))

    def _fall(self, text: str) -> None:
        """The connection came to its end by the peer or the network, not by us."""
        if self.phase is not Phase.QUITTING:
            self.trouble = text
        if self._conversation is not None:
            self._learn(self._conversation.wire.spot)
        self._drop(text)

    def _learn(self, spot: Spot) -> None:
        """Keep in mind what this end says about the address."""
        relay = self._terms.relay
        relay.remember(spot, is_silent=self.phase is Phase.CONNECTING)
        if self._courier is not None and self._courier.has_lost_commands:
            relay.distrust(spot, self._clock())
        if self._courier is not None and self._courier.has_lost_following:
            relay.part(spot, self._clock())

    def _drop(self, text: str, at_once: bool = False) -> None:
        self.phase = Phase.CLOSED
        if self._courier is not None:
            self._courier.break_off(text)
        if self._conversation is not None:
            self._conversation.wire.shut(at_once)
            self._conversation = None
