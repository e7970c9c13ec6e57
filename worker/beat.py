"""`python -m worker.beat`: rings for a sweep every few seconds.

Two beats or none do no harm: the sweep is idempotent, and each worker sweeps for itself.
"""

import sys

from mailing.base.errors import KelisimError
from mailing.base.jobs import SWEEP
from mailing.bootstrap import create_base

EVERY = 5.0


def main() -> int:
    """Run until SIGTERM; 1 when a setting is missing."""
    try:
        app = create_base()
    except KelisimError as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - the reason for not starting
        return error.exit_code
    celery = app.extensions["kelisim_queue"]
    celery.conf.beat_schedule = {
        "sweep": {"task": SWEEP, "schedule": EVERY, "options": {"expires": EVERY}}
    }
    settings = app.extensions["kelisim"]
    settings.var.mkdir(parents=True, exist_ok=True)
    celery.Beat(schedule=str(settings.var / "beat"), loglevel="WARNING").run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
