"""Fan-out: every chunk once, whoever else is at work, and never a row behind a stop."""

import threading

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.campaigns import audience, campaigns
from mailing.deliveries import dispatch, fanout
from tests import road
from tests.deliveries.conftest import Begin, Sender


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience, "CHUNK", 10)


def started(count: int) -> int:
    road.subscribe(road.lay(), count)
    number = road.campaign()
    road.start(number)
    return number


def deliveries(number: int) -> int:
    query = text("SELECT count(*) FROM deliveries WHERE campaign_id = :number")
    found = int(db.session.execute(query, {"number": number}).scalar_one())
    db.session.rollback()
    return found


@pytest.mark.usefixtures("small_chunks")
def test_the_first_messages_can_leave_before_the_last_chunk_is_written(sender: Sender) -> None:
    number = started(35)
    assert fanout.write(number, 1) == 3
    db.session.commit()
    assert len(sender.ask(sender.claim())) == 10
    told = road.outcomes(number)
    assert (told["pending"], told["sending"]) == (25, 10)


@pytest.mark.usefixtures("small_chunks")
def test_writing_again_writes_nothing_twice(app: Flask) -> None:
    """T45: unique by campaign and person, so that no repetition doubles."""
    number = started(35)
    while fanout.write(number, 2):
        db.session.commit()
    db.session.commit()
    assert fanout.close() == [number]
    db.session.commit()
    db.session.execute(text("UPDATE audience_chunks SET written_at = NULL"))
    assert fanout.write(number, 100) == 0
    db.session.commit()
    assert deliveries(number) == 35
    assert fanout.close() == []


@pytest.mark.usefixtures("small_chunks")
def test_two_at_once_share_the_chunks(app: Flask) -> None:
    number = started(200)
    troubles: list[BaseException] = []

    def write() -> None:
        with app.app_context():
            try:
                while fanout.write(number, 1):
                    db.session.commit()
                db.session.commit()
                fanout.close()
                db.session.commit()
            except BaseException as error:
                troubles.append(error)
            db.session.remove()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fanout.close()
    db.session.commit()
    assert troubles == []
    assert deliveries(number) == 200
    assert campaigns.find(number).fanned_out


@pytest.mark.usefixtures("small_chunks")
def test_a_stop_in_the_middle_counts_what_was_never_written(
    app: Flask, sender: Sender, begin: Begin
) -> None:
    number = started(35)
    fanout.write(number, 1)
    stopping = begin(lambda: dispatch.stop(number, road.ACTOR))
    db.session.commit()
    counted = stopping.answer()
    assert (counted.out, counted.stopped) == (0, 35)
    assert fanout.write(number, 100) == 0
    db.session.commit()
    assert deliveries(number) == 10
    assert road.outcomes(number)["held"] == {"campaign_stopped": 35}


def test_the_last_chunk_a_gate_and_a_stop_do_not_wait_for_each_other_for_ever(
    app: Flask, sender: Sender, begin: Begin
) -> None:
    number = started(20)
    with sender.database.transaction():
        sender.database.execute("SELECT FROM campaigns WHERE id = %s FOR SHARE", [number])
        fanout.write(number, 10)
        stopping = begin(lambda: dispatch.stop(number, road.ACTOR))
        db.session.execute(text("SET LOCAL lock_timeout = '500ms'"))
        fanout.write(number, 10)
        db.session.commit()
        fanout.close()
        db.session.commit()
    assert stopping.answer().stopped == 20


def test_a_campaign_whose_people_all_left_in_the_window_is_written_and_done(app: Flask) -> None:
    number = started(1)
    db.session.execute(text("DELETE FROM audience_chunks"))
    db.session.execute(text("UPDATE campaigns SET audience = 0"))
    db.session.commit()
    assert fanout.unfinished() == [number]
    assert fanout.write(number, 10) == 0
    db.session.commit()
    fanout.close()
    assert dispatch.finish() == [number]
