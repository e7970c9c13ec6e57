"""`python -m worker.inbound`: takes mail in, by a listener, from a mailbox, or both."""

import asyncio
import signal
import sys
import threading

import structlog
from flask import Flask
from imapclient.exceptions import IMAPClientError
from sqlalchemy.exc import SQLAlchemyError

from mailing.base.database import db
from mailing.base.errors import ConfigurationError, KelisimError
from mailing.base.settings import Settings
from mailing.bootstrap import create_base, guard
from mailing.inbound import addresses
from mailing.inbound.messages import Via
from mailing.requests import incoming
from worker import listener
from worker.mailbox import Mailbox, Place

_FIRST_REST, _LONGEST_REST = 5.0, 300.0

_log = structlog.get_logger()


def main() -> int:
    """Take mail in until SIGTERM; 1 when a setting is missing."""
    try:
        app = create_base()
        settings: Settings = app.extensions["kelisim"]
        at = _listen_on(settings)
        with app.app_context():
            guard()
    except KelisimError as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - the reason for not starting
        return error.exit_code
    asyncio.run(_serve(app, settings, at))
    return 0


class Poller:
    """Looks into the mailbox again and again; a connection is kept as long as it works."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._place = Place.of(settings.imap_url or "")
        self._every = settings.imap_seconds
        self._over = threading.Event()
        self._rest = _FIRST_REST

    def run(self) -> None:
        """Poll until `end`; any trouble is waited out, longer each time."""
        while not self._over.is_set():
            try:
                with Mailbox(self._place) as mailbox:
                    self._poll_on(mailbox)
            except (IMAPClientError, OSError, KelisimError, SQLAlchemyError) as error:
                # Whatever was not taken in lies where it was.
                _log.warning("the mailbox rests", error=type(error).__name__, seconds=self._rest)
                self._over.wait(self._rest)
                self._rest = min(self._rest * 2, _LONGEST_REST)

    def end(self) -> None:
        """Let the message that is being taken in be the last."""
        self._over.set()

    def _poll_on(self, mailbox: Mailbox) -> None:
        while not self._over.is_set():
            mailbox.poll(self._take)
            self._rest = _FIRST_REST
            self._over.wait(self._every)

    def _take(self, raw: bytes) -> bool | None:
        with self._app.app_context():
            try:
                return incoming.take(raw, addresses.in_header(raw), Via.IMAP).is_waiting
            except (KelisimError, SQLAlchemyError):
                raise
            except Exception as error:
                # One message that cannot be acted upon must not keep the others waiting.
                _log.error("a message failed", error=type(error).__name__, exc_info=True)
                return None
            finally:
                db.session.remove()


async def _serve(app: Flask, settings: Settings, at: tuple[str, int] | None) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    server = await listener.serve(app, *at) if at else None
    poller = Poller(app, settings) if settings.imap_url else None
    polling = asyncio.ensure_future(asyncio.to_thread(poller.run)) if poller else None
    await ended.wait()
    if server:
        server.close()
    if poller and polling:
        poller.end()
        await polling


def _listen_on(settings: Settings) -> tuple[str, int] | None:
    """Where to listen; None where only a mailbox is set. Raises ConfigurationError for neither."""
    if settings.inbound_listen is None and settings.imap_url:
        return None
    host, _, port = (settings.inbound_listen or "").rpartition(":")
    if not port.isdigit():
        raise ConfigurationError(
            "KELISIM_INBOUND_LISTEN is not set to host:port (0.0.0.0:8024), "
            "and KELISIM_IMAP_URL to no mailbox."
        )
    return host.strip("[]") or "127.0.0.1", int(port)


if __name__ == "__main__":
    sys.exit(main())
