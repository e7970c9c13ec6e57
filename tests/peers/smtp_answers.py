"""How a scripted SMTP peer answers: by the book, or as the script says."""

import asyncio
from collections.abc import Callable
from threading import Event

from tests.peers.faults import NEVER, Fault, Script, Stage

_LOOK_AGAIN = 0.01

_Late = tuple[int, str, Fault, Callable[[], object]]


def nothing() -> None:
    """What follows an answer that changes nothing."""


class Answers:
    """Writes the replies of one connection; `is_busy` while one is held back or trickles.

    With `gathers` replies are kept until `flush`.
    """

    def __init__(self, script: Script, go_on: Callable[[], None]) -> None:
        # None until a TLS handshake is over, and for ever when it fails.
        self._transport: asyncio.Transport | None = None
        self.is_busy = self.is_over = self.gathers = False
        self._gathered = bytearray()
        self._script = script
        self._go_on = go_on

    def answer(
        self,
        stage: Stage,
        code: int,
        text: str,
        subject: str = "",
        done: Callable[[], object] = nothing,
    ) -> None:
        """Answer one command; `done` happens first if the answer is a good one."""
        fault = self._script.pick(stage, subject)
        if fault and fault.cut:
            self.abort()
            return
        final = fault.code if fault and fault.code else code
        self.reply(final, text, fault, done if final < 400 else nothing)

    def reply(self, code: int, text: str, fault: Fault | None, done: Callable[[], object]) -> None:
        """Answer with this code in the manner of the fault: late, never, or by hanging up."""
        if fault is None:
            done()
            self.say(code, text, None)
        elif fault.cut:
            self.abort()
        else:
            self.is_busy = True
            late = (code, fault.text if fault.code else text, fault, done)
            if fault.until is not None:
                self._reply_upon(fault.until, late)
            elif fault.wait != NEVER:
                asyncio.get_running_loop().call_later(fault.wait, self._reply_late, late)

    def say(self, code: int, text: str, fault: Fault | None) -> None:
        """Write a reply, one line per line of `text`; a 421 ends the connection."""
        lines = text.split("\n")
        reply = b"".join(f"{code}-{line}\r\n".encode() for line in lines[:-1])
        reply += f"{code} {lines[-1]}\r\n".encode()
        if fault and fault.raw is not None:
            reply = fault.raw
        if fault and fault.trickle:
            self._trickle(reply, fault.trickle)
            return
        self._gathered += reply
        if not self.gathers or code == 421:
            self.flush()
        if code == 421:
            self.is_over = True
            self.transport.close()

    def flush(self) -> None:
        """Write what was gathered."""
        if self._gathered:
            self._write(bytes(self._gathered))
            self._gathered.clear()

    def abort(self) -> None:
        """Hang up in the middle of it; what was answered before goes out."""
        self.flush()
        self.is_over = True
        if self._transport:
            self._transport.abort()

    @property
    def transport(self) -> asyncio.Transport:
        assert self._transport is not None
        return self._transport

    @transport.setter
    def transport(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def _reply_upon(self, event: Event, late: _Late) -> None:
        if event.is_set():
            self._reply_late(late)
        elif not self.is_over:
            loop = asyncio.get_running_loop()
            loop.call_later(_LOOK_AGAIN, self._reply_upon, event, late)

    def _reply_late(self, late: _Late) -> None:
        code, text, fault, done = late
        if self.is_over:
            return
        self.is_busy = False
        done()
        self.say(code, text, fault)
        self._go_on()

    def _trickle(self, reply: bytes, pause: float) -> None:
        """Write byte by byte; the next command waits, or its answer would fall in between."""
        self.flush()
        loop = asyncio.get_running_loop()
        self.is_busy = True
        for place in range(len(reply)):
            loop.call_later(pause * (place + 1), self._write, reply[place : place + 1])
        loop.call_later(pause * (len(reply) + 1), self._trickled)

    def _trickled(self) -> None:
        self.is_busy = False
        self._go_on()

    def _write(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)
