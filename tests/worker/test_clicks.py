"""The wake-up that gathers clicks: beat rings for it, and it commits what it read."""

from celery import Celery
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.jobs import CLICKS
from mailing.base.settings import Settings
from mailing.deliveries import counted_links
from tests.deliveries.test_clicks import a_meter, started
from worker.beat import SCHEDULE


def test_beat_rings_for_tasks_that_exist_and_clicks_are_gathered_by_one(
    queue_with_tasks: Celery, settings: Settings
) -> None:
    rung = {one["task"] for one in SCHEDULE.values()}
    assert CLICKS in rung <= set(queue_with_tasks.tasks)
    token = counted_links.of(started())[0].token
    with a_meter(settings) as counter:
        counter.count(token, clock.now(), False, None)
    queue_with_tasks.tasks[CLICKS]()
    db.session.rollback()
    assert db.session.scalars(text("SELECT pressed FROM clicks")).all() == [1]
