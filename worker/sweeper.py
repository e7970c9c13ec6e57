"""The sweeper: a small process beside each worker, so that a sweep waits for no campaign.

It holds no lock of its own, so it may look at those of every sending process on this host.
"""

import signal
import time
from types import FrameType

import psycopg
import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from mailing.base.database import db
from mailing.bootstrap import create_base
from worker import sweep
from worker.incarnation import Host
from worker.process import connect

EVERY = 0.3
RING_EVERY = 2.0

_log = structlog.get_logger()


def main() -> None:
    """Sweep until told to end; a database that is away is waited for."""
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    app = create_base()
    while True:
        try:
            _sweep_on(app)
        except (psycopg.Error, SQLAlchemyError) as error:
            _log.warning("the sweep waits for the database", error=type(error).__name__)
            time.sleep(1.0)


def _sweep_on(app: Flask) -> None:
    settings = app.extensions["kelisim"]
    host, rung_at = Host.here(settings), 0.0
    with connect(settings) as database:
        while True:
            with app.app_context():
                settled = sweep.settle_the_dead(database, settings, host)
                sweep.move_on(database)
                if settled or time.monotonic() - rung_at > RING_EVERY:
                    rung_at = time.monotonic()
                    sweep.ring_for_the_due(database)
                db.session.remove()
            time.sleep(EVERY)


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    main()
