"""The sweeper: a small process beside each worker, so that a sweep waits for no campaign.

It holds no lock of its own, so it may look at those of every sending process on this host.
"""

import ctypes
import os
import signal
import sys
import time
from contextlib import suppress
from types import FrameType

import psycopg
import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from mailing.base.database import db
from mailing.base.jobs import read_ahead
from mailing.bootstrap import create_base
from worker import sweep
from worker.incarnation import Host
from worker.keeper import AFTER_TROUBLE, GO
from worker.process import connect

EVERY = 0.3
MOVE_EVERY = 1.0
SELDOM_EVERY = 5.0
TIDY_EVERY = 600.0
_PR_SET_PDEATHSIG = 1

_log = structlog.get_logger()


def main() -> None:
    """Sweep until told to end, or until the worker is gone; any trouble is waited out.

    Nothing is begun before the worker has looked at what it needs, and says so.
    """
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # One that is started again inherits its worker's lower priority, and may not be let off it.
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, 0)
    _die_with_the_worker()
    if sys.stdin.buffer.read(len(GO)) != GO:
        return
    app = create_base()
    read_ahead(app)
    while True:
        try:
            _sweep_on(app)
        except Exception as error:
            # What is left lying here is never sent, so no error may end the sweep.
            is_new = not isinstance(error, (psycopg.Error, SQLAlchemyError))
            _log.warning("the sweep begins again", error=type(error).__name__, exc_info=is_new)
            time.sleep(AFTER_TROUBLE)


def _sweep_on(app: Flask) -> None:
    with connect(app.extensions["kelisim"]) as database:
        rung_at = seldom_at = 0.0
        tidied_at = time.monotonic()
        while True:
            with app.app_context():
                is_time = time.monotonic() - rung_at > MOVE_EVERY
                if _sweep(app, database, is_time):
                    rung_at = time.monotonic()
                if time.monotonic() - seldom_at > SELDOM_EVERY:
                    sweep.move_on(sweep.SELDOM)
                    seldom_at = time.monotonic()
                db.session.remove()
            if time.monotonic() - tidied_at > TIDY_EVERY:
                settings = app.extensions["kelisim"]
                sweep.tidy(database, settings, Host.here(settings))
                tidied_at = time.monotonic()
            time.sleep(EVERY)


def _sweep(app: Flask, database: psycopg.Connection, is_time: bool) -> bool:
    """Sweep once; whether it was rung."""
    settings = app.extensions["kelisim"]
    settled = sweep.settle_the_dead(database, settings, Host.here(settings))
    if settled:
        # What the dead left goes on before whatever has only its time.
        sweep.ring_the_senders(database)
    if settled or is_time:
        sweep.move_on(sweep.OFTEN)
        sweep.ring_for_the_due(database)
    return bool(settled) or is_time


def _die_with_the_worker() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if len(sys.argv) > 1 and os.getppid() != int(sys.argv[1]):
        raise SystemExit(0)


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    main()
