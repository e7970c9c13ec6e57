"""The worker's application: the base application, and the queue with its tasks."""

import structlog
from celery import Celery
from flask import Flask

from mailing.base.database import db
from mailing.base.errors import KelisimError
from mailing.base.jobs import queue_of
from mailing.base.needs import demand_noeviction
from mailing.bootstrap import create_base, guard
from mailing.deliveries import specimen
from mailing.leaving import replay
from worker.tasks import register

# How long a lost child may still send a result (Celery waits 10 s). There are none, and until
# then its place in the queue is taken: a worker with one child would stand still.
LOST_WAIT_SECONDS = 0.5

_log = structlog.get_logger()


def create_worker() -> tuple[Flask, Celery]:
    """Check what a worker needs and build it; nothing stays connected, so that it may fork.

    Raises ConfigurationError or NotReady, which stop the start.
    """
    app = create_base()
    settings = app.extensions["kelisim"]
    with app.app_context():
        demand_noeviction(settings)
        guard()
        if (settings.journal / "id").exists():
            replay.run()
        _warm()
        db.session.remove()
        db.engine.dispose()
    celery = queue_of(app)
    celery.conf.worker_lost_wait = LOST_WAIT_SECONDS
    register(app, celery)
    return app, celery


def _warm() -> None:
    """Read what messages are made with, which each process would read for itself before its first;
    where that fails, each message says why it cannot be made."""
    try:
        specimen.warm()
    except KelisimError as error:
        _log.warning("no specimen can be written", error=error.message)
