"""The Celery worker of this process: it takes wake-ups off the queue and hands them to its pool."""

import gc
import sys
import threading

import structlog
from celery import Celery
from sqlalchemy.exc import OperationalError

from mailing.base.errors import KelisimError, NotReady
from worker.app import create_worker
from worker.keeper import Sweeper


def consume(concurrency: int, sweeper: Sweeper) -> int:
    """Run until SIGTERM, the sweeper from when everything is there that both need.

    1 or 3 when something is missing; the reason stands on standard error.
    """
    try:
        celery = _prepare()
        # What was read is shared with the processes forked from here, for as long as none of them
        # writes to it: their collectors need not look at it.
        gc.freeze()
        log = structlog.get_logger()
        threading.Thread(target=sweeper.keep, args=(log,), name="keeper", daemon=True).start()
        _run(celery, concurrency)
    except KelisimError as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - the reason for not starting
        return error.exit_code
    return 0


def _prepare() -> Celery:
    try:
        return create_worker()[1]
    except OperationalError:
        raise NotReady(
            "KELISIM_DATABASE_URL: the database does not answer; start it first."
        ) from None


def _run(celery: Celery, concurrency: int) -> None:
    # Quiet: its banner is thirty lines that say nothing about this installation.
    celery.worker_main(
        [
            "--quiet",
            "worker",
            f"--concurrency={concurrency}",
            "--pool=prefork",
            "--loglevel=WARNING",
            "--without-mingle",
            "--without-gossip",
        ]
    )
