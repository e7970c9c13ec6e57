"""`python -m worker --concurrency N`: the Celery worker, with a sweeper beside it."""

import argparse
import os
import sys
import threading

from celery import Celery
from sqlalchemy.exc import OperationalError

from mailing.base.errors import KelisimError, NotReady
from worker.app import create_worker
from worker.sweeper import Sweeper

# A process waits for the database a part of its time: one more than there are cores sends five
# percent more (measured on two).
PROCESSES = (os.cpu_count() or 1) + 1


def main() -> int:
    """Run until SIGTERM; 1 or 3 when something that a worker needs is missing."""
    parser = argparse.ArgumentParser(prog="worker")
    parser.add_argument("--concurrency", type=int, default=PROCESSES, help="sending processes")
    concurrency = parser.parse_args().concurrency
    sweeper = Sweeper()
    try:
        celery = _prepare()
        threading.Thread(target=sweeper.keep, name="sweeper's keeper", daemon=True).start()
        _consume(celery, concurrency)
    except KelisimError as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - the reason for not starting
        return error.exit_code
    finally:
        sweeper.end()
    return 0


def _prepare() -> Celery:
    try:
        return create_worker()[1]
    except OperationalError:
        raise NotReady(
            "KELISIM_DATABASE_URL: the database does not answer; start it first."
        ) from None


def _consume(celery: Celery, concurrency: int) -> None:
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


if __name__ == "__main__":
    sys.exit(main())
