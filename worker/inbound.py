"""`python -m worker.inbound`: takes mail in, by a listener, from a mailbox, or both."""

import asyncio
import signal
import sys
import threading

import structlog
from flask import Flask
from imapclient.exceptions import IMAPClientError

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
# What nobody foresaw may lie in this process: after so many rounds of it a fresh one takes over.
_MOST_SURPRISES = 5

_log = structlog.get_logger()


def main() -> int:
    """Take mail in until SIGTERM; 1 when a setting is missing, or when a part of it has ended that
    should not: whoever supervises starts it again."""
    try:
        app = create_base()
        settings: Settings = app.extensions["kelisim"]
        at = _listen_on(settings)
        with app.app_context():
            guard()
    except KelisimError as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - the reason for not starting
        return error.exit_code
    return asyncio.run(_serve(app, settings, at))


class _Ended(Exception):
    """The end was asked for in the middle of a folder: the rest of it stays where it lies."""


class Poller:
    """Looks into the mailbox again and again; a connection is kept as long as it works."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._place = Place.of(settings.imap_url or "")
        self._every = settings.imap_seconds
        self._over = threading.Event()
        self._rest = _FIRST_REST
        self._surprises = 0

    def run(self) -> None:
        """Poll until `end`; any trouble is waited out, longer each time. Raises what nobody
        foresaw, when it comes again and again."""
        while not self._over.is_set():
            try:
                with Mailbox(self._place) as mailbox:
                    self._poll_on(mailbox)
            except _Ended:
                return
            except (IMAPClientError, OSError) as error:
                self._wait_out(error)
            except Exception as error:
                self._note(error)
                self._wait_out(error)

    def end(self) -> None:
        """Let the message that is being taken in be the last."""
        self._over.set()

    def _poll_on(self, mailbox: Mailbox) -> None:
        while not self._over.is_set():
            mailbox.poll(self._take)
            self._rest, self._surprises = _FIRST_REST, 0
            self._over.wait(self._every)

    def _wait_out(self, error: Exception) -> None:
        # Whatever was not taken in lies where it was.
        _log.warning("the mailbox rests", error=type(error).__name__, seconds=self._rest)
        self._over.wait(self._rest)
        self._rest = min(self._rest * 2, _LONGEST_REST)

    def _note(self, error: Exception) -> None:
        """Never silence: what is no known trouble is logged by its place, counted, and raised once
        there is too much of it."""
        if incoming.has_to_wait(error):
            return
        self._surprises += 1
        _log.error("polling failed", times=self._surprises, exc_info=error)
        if self._surprises >= _MOST_SURPRISES:
            raise error

    def _take(self, raw: bytes) -> bool | None:
        """See `Take`. Raises where every other message would fail as well, and after the end."""
        if self._over.is_set():
            raise _Ended
        with self._app.app_context():
            try:
                return incoming.take(raw, addresses.in_header(raw), Via.IMAP).is_waiting
            except Exception as error:
                db.session.rollback()
                if incoming.has_to_wait(error):
                    raise
                # One message that cannot be acted upon must not keep the others waiting.
                _log.error("a message failed", error=type(error).__name__, exc_info=True)
                return None
            finally:
                db.session.remove()


async def _serve(app: Flask, settings: Settings, at: tuple[str, int] | None) -> int:
    ended = asyncio.ensure_future(_end().wait())
    server = await listener.serve(app, *at) if at else None
    poller = Poller(app, settings) if settings.imap_url else None
    polling = [asyncio.ensure_future(asyncio.to_thread(poller.run))] if poller else []
    await asyncio.wait([ended, *polling], return_when=asyncio.FIRST_COMPLETED)
    if server:
        server.close()
    if poller:
        poller.end()
    found = await asyncio.gather(*polling, return_exceptions=True)
    return _told(found, ended.done())


def _end() -> asyncio.Event:
    """What a signal sets."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    return ended


def _told(found: list[BaseException | None], was_asked: bool) -> int:
    """0 for an end that was asked for; 1 where polling ended by itself, which is said aloud."""
    failures = [one for one in found if one is not None]
    for failure in failures:
        _log.error("polling has ended", error=type(failure).__name__)
    return 0 if was_asked and not failures else 1


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
