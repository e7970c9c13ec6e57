"""Wake-ups: sent once after the commit, never before it, and never in the way of it."""

import time

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import jobs
from mailing.base.database import db
from mailing.base.jobs import queue_of
from tests.person import elsewhere


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, object]]:
    """What reaches the queue's bell; the bell itself is tried in the other tests."""
    heard: list[tuple[str, object]] = []
    monkeypatch.setattr(jobs, "ring_now", lambda app, name, ids: heard.append((name, ids)))
    return heard


def test_a_wake_up_is_sent_after_the_commit_and_once(
    app: Flask, rung: list[tuple[str, object]]
) -> None:
    jobs.ring(jobs.SEND, campaign_id=3)
    db.session.execute(text("SELECT 1"))
    assert rung == []
    db.session.commit()
    db.session.execute(text("SELECT 1"))
    db.session.commit()
    assert rung == [(jobs.SEND, {"campaign_id": 3})]


def test_what_is_rolled_back_rings_for_nobody(app: Flask, rung: list[tuple[str, object]]) -> None:
    db.session.execute(text("SELECT 1"))
    jobs.ring(jobs.SEND)
    db.session.rollback()
    db.session.execute(text("SELECT 1"))
    db.session.commit()
    assert rung == []


def test_a_savepoint_that_is_released_is_no_commit(
    app: Flask, rung: list[tuple[str, object]]
) -> None:
    with db.session.begin_nested():
        jobs.ring(jobs.SEND)
        db.session.execute(text("SELECT 1"))
    assert rung == []
    db.session.commit()
    assert [name for name, _ in rung] == [jobs.SEND]


def test_a_queue_that_is_away_loses_the_wake_up_and_nothing_else(app: Flask) -> None:
    begun = time.monotonic()
    with elsewhere(redis_url="redis://127.0.0.1:1/0"):
        db.session.execute(text("UPDATE installation SET sending_off_reason = 'kept'"))
        jobs.ring(jobs.SEND)
        db.session.commit()
    assert time.monotonic() - begun < 2  # Nobody who fills in a form waits for it.
    kept = db.session.execute(text("SELECT sending_off_reason FROM installation"))
    assert kept.scalar_one() == "kept"


def test_a_wake_up_carries_ids_in_json(app: Flask) -> None:
    """Pickled tasks are neither sent nor taken."""
    queue = queue_of(app)
    assert queue.conf.accept_content == ["json"]
    assert queue.conf.task_serializer == "json"
    jobs.ring(jobs.SWEEP, campaign_id=5)
    db.session.execute(text("SELECT 1"))
    db.session.commit()
    with queue.connection_or_acquire() as connection:
        message = connection.SimpleQueue("kelisim").get(timeout=60)
    assert message.content_type == "application/json"
    assert message.payload[1] == {"campaign_id": 5}
    message.ack()
