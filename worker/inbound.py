"""`python -m worker.inbound`: takes mail in by LMTP or SMTP (RFC 2033, RFC 5321).

A message is answered with 250 only once it is stored. One recipient a message, so that the
answers of both protocols are the same.
"""

import asyncio
import functools
import signal
import sys

from aiosmtpd.smtp import SMTP, Envelope, Session, syntax
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from mailing.base.database import db
from mailing.base.errors import ConfigurationError, KelisimError
from mailing.base.settings import Settings
from mailing.bootstrap import create_base, guard
from mailing.inbound import intake

_AGAIN = "451 4.3.0 Not stored; please try again"


class Listener(SMTP):
    """SMTP that greets LMTP clients as well."""

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, hostname: str) -> None:
        """RFC 2033 4.1: LHLO means what EHLO means."""
        await self.smtp_EHLO(hostname)


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
        """Accept one address of ours."""
        with self._app.app_context():
            if not intake.is_ours(address):
                return "550 5.1.1 No such mailbox here"
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient a message, please"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Store the message, act upon it, and only then say so."""
        content = envelope.content or b""
        raw = content.encode() if isinstance(content, str) else content
        take = functools.partial(self._take, raw, list(envelope.rcpt_tos))
        return await asyncio.get_running_loop().run_in_executor(None, take)

    def _take(self, raw: bytes, recipients: list[str]) -> str:
        with self._app.app_context():
            try:
                taken = intake.take(raw, recipients)
            except (KelisimError, SQLAlchemyError):
                db.session.rollback()
                return _AGAIN
        return f"250 Taken as {taken.kind}"


def main() -> int:
    """Listen until SIGTERM; 1 when a setting is missing."""
    try:
        app = create_base()
        host, port = _listen_on(app.extensions["kelisim"])
        with app.app_context():
            guard()
    except KelisimError as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - the reason for not starting
        return error.exit_code
    asyncio.run(_serve(Handler(app), host, port))
    return 0


async def _serve(handler: Handler, host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    make = functools.partial(
        Listener, handler, data_size_limit=intake.LARGEST, enable_SMTPUTF8=True, loop=loop
    )
    server = await loop.create_server(make, host, port)
    await ended.wait()
    server.close()


def _listen_on(settings: Settings) -> tuple[str, int]:
    host, _, port = (settings.inbound_listen or "").rpartition(":")
    if not port.isdigit():
        raise ConfigurationError("KELISIM_INBOUND_LISTEN is not set to host:port (0.0.0.0:8024).")
    return host.strip("[]") or "127.0.0.1", int(port)


if __name__ == "__main__":
    sys.exit(main())
