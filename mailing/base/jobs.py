"""Wake-ups: queue messages that carry ids, sent after the commit.

The database is the truth and the queue only wakes: a wake-up that is lost, doubled or late
changes nothing, because a periodic sweep finds what nobody was rung for.
"""

from typing import Any

# The name alone: what stands in it is loaded when it is asked for, so annotations do not.
import celery
import structlog
from flask import Flask, current_app
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from mailing.base.database import db
from mailing.base.settings import Settings

SEND = "kelisim.send"
SWEEP = "kelisim.sweep"
IMPORT = "kelisim.import"
INBOUND = "kelisim.inbound"
LINKS = "kelisim.links"
DNS = "kelisim.dns"
SPAM = "kelisim.spam"
DESK = "kelisim.desk"
BUNDLE = "kelisim.bundle"
CLICKS = "kelisim.clicks"

VISIBILITY_SECONDS = 120

_log = structlog.get_logger()


def ring(name: str, **ids: Any) -> None:
    """Send this wake-up once the session has committed; dropped when it rolls back."""
    db.session.info.setdefault("wake_ups", []).append((name, ids))


def ring_now(app: "celery.Celery", name: str, ids: dict[str, Any]) -> None:
    """Send a wake-up at once. A queue that is away is logged, never raised: a sweep follows."""
    try:
        app.send_task(name, kwargs=ids, retry=False, ignore_result=True)
    except Exception as error:
        _log.warning("wake-up lost", wake_up=name, error=type(error).__name__)


def queue_of(app: Flask) -> "celery.Celery":
    """The queue as every door sees it. Made when it is first wanted: most commands ring for nobody,
    and its libraries are a quarter of a command's start."""
    if "kelisim_queue" not in app.extensions:
        app.extensions["kelisim_queue"] = celery_app(app.extensions["kelisim"])
    queue: celery.Celery = app.extensions["kelisim_queue"]
    return queue


def read_ahead(app: Flask) -> None:
    """Read what a wake-up is sent with, a quarter of a second, before anybody waits for one.
    Nothing is connected."""
    _ = queue_of(app).connection_for_write().transport


def celery_app(settings: Settings) -> "celery.Celery":
    """The queue of these settings."""
    app = celery.Celery("kelisim", broker=settings.queue)
    transport = {
        "visibility_timeout": VISIBILITY_SECONDS,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        "socket_timeout": 30,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 10,
        # A request waits for no queue: one more try at once, then the sweep finds it.
        "max_retries": 1,
        "interval_start": 0.1,
        "global_keyprefix": settings.queue_prefix,
    }
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        visibility_timeout=VISIBILITY_SECONDS,
        result_backend_transport_options={"visibility_timeout": VISIBILITY_SECONDS},
        broker_transport_options=transport,
        broker_connection_timeout=3,
        broker_connection_retry_on_startup=True,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        task_default_queue="kelisim",
        timezone="UTC",
    )
    return app


@event.listens_for(Session, "after_commit")
def _send(session: Session) -> None:
    if session.in_nested_transaction():
        return  # A savepoint was released; nothing is committed yet.
    wake_ups = session.info.pop("wake_ups", [])
    for name, ids in wake_ups:
        ring_now(queue_of(current_app), name, ids)


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, ended: SessionTransaction) -> None:
    """What a savepoint takes back still rings: somebody is woken for nothing, which costs nothing,
    and whoever waits for the answer cannot tell by its time that something was taken back."""
    if not ended.nested:
        session.info.pop("wake_ups", None)
