"""The tasks: a wake-up in, one verb of the domain, the outcome recorded."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from celery import Celery
from celery.signals import worker_shutting_down
from flask import Flask

from mailing.base.database import db
from mailing.base.jobs import (
    BUNDLE,
    CLICKS,
    DESK,
    DNS,
    IMPORT,
    INBOUND,
    LINKS,
    SEND,
    SPAM,
    SWEEP,
    ring_now,
)
from mailing.deliveries import clicks, dispatch
from mailing.people.imports import running
from mailing.requests import claims, incoming, retention, sweeping, withdrawals
from mailing.requests.bundles import making
from worker import dns, links, spam, sweep
from worker.incarnation import Host
from worker.process import SendingProcess, connect

SEND_SECONDS = 30.0


def register(app: Flask, celery: Celery) -> None:
    """Hang the tasks on the queue. Each is safe to run twice, late, or never."""
    process = SendingProcess(app.extensions["kelisim"])
    _register_errands(app, celery)

    @worker_shutting_down.connect(weak=False)
    def end(**_: Any) -> None:
        process.tell_to_end()

    @_task(celery, SEND)
    def send() -> None:
        def help_wanted() -> None:
            ring_now(celery, SEND, {})

        more = process.send(app, SEND_SECONDS, help_wanted)
        _finish(app)
        if more:
            help_wanted()

    @_task(celery, IMPORT)
    def import_people(import_id: int) -> None:
        with app.app_context():
            running.work_on(import_id, db.session.commit, lambda: process.is_ending)

    @_task(celery, SWEEP)
    def sweep_all() -> None:
        settings = app.extensions["kelisim"]
        with app.app_context(), connect(settings) as database:
            own = process.own_incarnation
            sweep.settle_the_dead(database, settings, Host.here(settings), own)
            sweep.move_on()
            sweep.ring_for_the_due(database)


def _task(celery: Celery, name: str) -> Callable[[Callable[..., None]], Any]:
    """What hangs a task on this queue alone: by itself Celery shares it with all of the process."""
    hang: Callable[[Callable[..., None]], Any] = celery.task(name=name, shared=False)
    return hang


def _register_errands(app: Flask, celery: Celery) -> None:
    @_task(celery, INBOUND)
    def act_upon_mail() -> None:
        with app.app_context():
            incoming.sweep()
            claims.settle_all()
            db.session.commit()

    @_task(celery, LINKS)
    def look_links_up() -> None:
        with app.app_context():
            links.look_up_waiting()

    @_task(celery, DNS)
    def look_the_domain_up() -> None:
        with app.app_context():
            dns.look_up_waiting()

    @_task(celery, SPAM)
    def have_campaigns_judged() -> None:
        with app.app_context():
            spam.judge_waiting()

    @_task(celery, DESK)
    def tidy_the_desk() -> None:
        with app.app_context():
            withdrawals.settle_all()
            db.session.commit()
            sweeping.tidy()
            retention.run_when_due()

    @_task(celery, CLICKS)
    def gather_clicks() -> None:
        with app.app_context():
            clicks.gather()
            db.session.commit()

    @_task(celery, BUNDLE)
    def make_bundle(bundle_id: str) -> None:
        with app.app_context():
            making.work_on(UUID(bundle_id))


def _finish(app: Flask) -> None:
    with app.app_context():
        dispatch.finish()
        db.session.commit()
