"""The withdrawal journal, looked at when a web process starts and every second from then on.

A "no" that was journalled while the database was away becomes a fact as soon as it is back,
without anybody asking again (enforcement.md, "The withdrawal journal").
"""

import threading

import structlog
from flask import Flask

from mailing.leaving import replay

EVERY_SECOND = 1.0

log = structlog.get_logger()


def start(app: Flask) -> threading.Event:
    """Look now, then keep looking in the background; setting the event ends it."""
    with app.app_context():
        replay.run()
    end = threading.Event()
    threading.Thread(target=_watch, args=(app, end), name="journal", daemon=True).start()
    return end


def _watch(app: Flask, end: threading.Event) -> None:
    while not end.wait(EVERY_SECOND):
        try:
            with app.app_context():
                replay.run()
        except Exception as error:
            # The database may be away: that is what the next look is for.
            log.warning("journal_not_replayed", kind=type(error).__name__)
