"""`python -m worker.beat`: rings for a sweep every few seconds.

Two beats or none do no harm: the sweep is idempotent, and each worker sweeps for itself.
"""

import sys
from pathlib import Path

from celery.beat import PersistentScheduler

from mailing.base.errors import KelisimError
from mailing.base.jobs import CLICKS, DESK, INBOUND, SWEEP, queue_of
from mailing.bootstrap import create_base

EVERY = 5.0
A_MINUTE = 60.0
SCHEDULE = {
    "sweep": {"task": SWEEP, "schedule": EVERY, "options": {"expires": EVERY}},
    "inbound": {"task": INBOUND, "schedule": EVERY, "options": {"expires": EVERY}},
    "desk": {"task": DESK, "schedule": A_MINUTE, "options": {"expires": A_MINUTE}},
    "clicks": {"task": CLICKS, "schedule": A_MINUTE, "options": {"expires": A_MINUTE}},
}
# The health check of containers (console.alive) looks at the age of this file.
ALIVE = "beat.alive"


class Scheduler(PersistentScheduler):  # type: ignore[misc]
    """Celery's own, which also leaves a sign that it ticks."""

    def tick(self) -> float:
        """Send what is due; the seconds until the next tick."""
        Path(self.schedule_filename).with_name(ALIVE).touch()
        return float(super().tick())


def main() -> int:
    """Run until SIGTERM; 1 when a setting is missing."""
    try:
        app = create_base()
    except KelisimError as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - the reason for not starting
        return error.exit_code
    celery = queue_of(app)
    celery.conf.beat_schedule = SCHEDULE
    settings = app.extensions["kelisim"]
    settings.var.mkdir(parents=True, exist_ok=True)
    schedule = str(settings.var / "beat")
    celery.Beat(scheduler=Scheduler, schedule=schedule, loglevel="WARNING", quiet=True).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
