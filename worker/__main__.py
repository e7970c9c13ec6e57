"""`python -m worker --concurrency N`: the Celery worker, with a sweeper beside it."""

import argparse
import ctypes
import signal
import subprocess
import sys

from celery import Celery

from mailing.base.errors import KelisimError
from worker.app import create_worker

_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Run until SIGTERM; 1 when something that a worker needs is missing."""
    parser = argparse.ArgumentParser(prog="worker")
    parser.add_argument("--concurrency", type=int, default=2, help="sending processes")
    concurrency = parser.parse_args().concurrency
    try:
        _, celery = create_worker()
    except KelisimError as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - the reason for not starting
        return error.exit_code
    sweeper = _start_sweeper()
    try:
        _consume(celery, concurrency)
    finally:
        sweeper.terminate()
        sweeper.wait(timeout=10)
    return 0


def _consume(celery: Celery, concurrency: int) -> None:
    celery.worker_main(
        [
            "worker",
            f"--concurrency={concurrency}",
            "--pool=prefork",
            "--loglevel=WARNING",
            "--without-mingle",
            "--without-gossip",
        ]
    )


def _start_sweeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "worker.sweeper"], preexec_fn=_die_with_the_parent
    )


def _die_with_the_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
