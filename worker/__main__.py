"""`python -m worker --concurrency N`: the Celery worker, with a sweeper beside it."""

import argparse
import os
import sys
from importlib import import_module

from worker.keeper import Sweeper

# A process waits for the database a part of its time: one more than there are cores sends five
# percent more (measured on two).
PROCESSES = (os.cpu_count() or 1) + 1
_NICE = 10


def main() -> int:
    """Run until SIGTERM; 1 or 3 when something that a worker needs is missing."""
    parser = argparse.ArgumentParser(prog="worker")
    parser.add_argument("--concurrency", type=int, default=PROCESSES, help="sending processes")
    concurrency = parser.parse_args().concurrency
    sweeper = Sweeper()
    try:
        _yield_to_others()
        # Read only now, as it is large: neither those that send meanwhile nor the sweeper wait for
        # a worker that starts.
        code: int = import_module("worker.consumer").consume(concurrency, sweeper)
    finally:
        sweeper.end()
    return code


def _yield_to_others() -> None:
    """Whoever waits for an answer on this machine comes before a campaign; so does a sweeper."""
    if os.getpriority(os.PRIO_PROCESS, 0) < _NICE:
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)


if __name__ == "__main__":
    sys.exit(main())
