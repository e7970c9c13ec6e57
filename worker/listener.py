"""The listener: takes mail in by LMTP or SMTP (RFC 2033, RFC 5321).

A message is answered with 250 only once it is stored. All recipients of one message are one letter:
it is taken in once, and LMTP hears the same answer for each.
"""

import asyncio
import functools
import re
from typing import Any, AnyStr

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax
from flask import Flask

from mailing.base.database import db
from mailing.inbound import addresses
from mailing.inbound.messages import LARGEST, Via
from mailing.requests import incoming

MOST_RECIPIENTS = 100
# Longer than RFC 5321 4.5.3.1.6 allows, since much mail is: what is refused here is lost there.
LONGEST_LINE = 1024 * 1024

_log = structlog.get_logger()

_LOOSE = re.compile(r"<+([^<>\s]{1,1000}?)\.?>+(\s.*)?")

_AGAIN = "451 4.3.0 Not stored; please try again"


class Listener(SMTP):
    """SMTP that greets LMTP clients as well, and answers them for each recipient."""

    line_length_limit = LONGEST_LINE

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._is_lmtp = False
        self._answers = 1

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, hostname: str) -> None:
        """RFC 2033 4.1: LHLO means what EHLO means."""
        self._is_lmtp = True
        await self.smtp_EHLO(hostname)

    async def smtp_DATA(self, arg: str) -> None:
        """RFC 2033 4.2: after the dot one answer for each recipient that was accepted."""
        try:
            await super().smtp_DATA(arg)
        finally:
            self._answers = 1

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """A path as RFC 5321 4.1.2 writes it; a bracket or a final dot too many is passed over."""
        found = self._address(arg)
        loose = _LOOSE.fullmatch(arg.strip()) if found[0] is None else None
        return self._address(f"<{loose[1]}>{loose[2] or ''}") if loose else found

    def _address(self, arg: str) -> tuple[str | None, str | None]:
        """None where it is none: the library's own reader falls over some, a lone "<" among them,
        and would have the client try again for ever."""
        try:
            found: tuple[str | None, str | None] = super()._getaddr(arg)
        except (IndexError, AttributeError):
            return None, None
        return found

    async def push(self, status: AnyStr) -> None:
        """Send an answer; once for each recipient where it answers an LMTP client's message."""
        for _ in range(self._answers):
            await super().push(status)
        is_go_ahead = isinstance(status, str) and status.startswith("354")
        if is_go_ahead and self._is_lmtp and self.envelope is not None:
            self._answers = len(self.envelope.rcpt_tos)


class Handler:
    """What is taken in, and when it counts as taken."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    async def handle_RCPT(
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Accept the addresses of ours."""
        with self._app.app_context():
            if not addresses.is_ours(address):
                return "550 5.1.1 No such mailbox here"
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Store the message, act upon it, and only then say so."""
        raw = as_delivered(envelope)
        take = functools.partial(self._take, raw, list(envelope.rcpt_tos))
        return await asyncio.get_running_loop().run_in_executor(None, take)

    async def handle_exception(self, error: Exception) -> str:
        """What nobody foresaw: "again", never the 500 that loses the message (RFC 5321 4.2.1)."""
        _log.error("the listener failed", error=type(error).__name__, exc_info=error)
        return _AGAIN

    def _take(self, raw: bytes, recipients: list[str]) -> str:
        with self._app.app_context():
            try:
                taken = incoming.take(raw, recipients, Via.LISTENER)
            except Exception as error:
                # It may be stored already; it is acted upon when it comes again, or by the sweep.
                db.session.rollback()
                is_own = not incoming.has_to_wait(error)
                _log.warning("not taken in", error=type(error).__name__, exc_info=is_own)
                return _AGAIN
        return f"250 Taken as {taken.kind}"


def as_delivered(envelope: Envelope) -> bytes:
    """The message with its envelope sender on top, as whoever delivers finally writes it (RFC 5321
    4.4): a null path must be seen, so that nothing answers it."""
    content = envelope.content or b""
    raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else bytes(content)
    sender = (envelope.mail_from or "").strip("<>")
    return f"Return-Path: <{sender}>\r\n".encode("utf-8", "surrogateescape") + raw


async def serve(app: Flask, host: str, port: int) -> asyncio.Server:
    """Listen there."""
    loop = asyncio.get_running_loop()
    make = functools.partial(
        Listener, Handler(app), data_size_limit=LARGEST, enable_SMTPUTF8=True, loop=loop
    )
    return await loop.create_server(make, host, port)
