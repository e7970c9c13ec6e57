"""The wake-up that gathers clicks: beat rings for it, and it commits what it read."""

from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.jobs import CLICKS, queue_of
from mailing.base.settings import Settings
from mailing.deliveries import counted_links
from tests.deliveries.test_clicks import a_meter, started
from worker.beat import SCHEDULE
from worker.tasks import register


def test_beat_rings_for_tasks_that_exist_and_clicks_are_gathered_by_one(
    app: Flask, settings: Settings
) -> None:
    celery = queue_of(app)
    register(app, celery)
    rung = {one["task"] for one in SCHEDULE.values()}
    assert CLICKS in rung <= set(celery.tasks)
    token = counted_links.of(started())[0].token
    with a_meter(settings) as counter:
        counter.count(token, clock.now(), False, None)
    celery.tasks[CLICKS]()
    db.session.rollback()
    assert db.session.scalars(text("SELECT pressed FROM clicks")).all() == [1]
