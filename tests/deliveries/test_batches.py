"""Batches: written and claimed once, whoever else is at work, and never left lying."""

import threading
import time
from uuid import RFC_4122, uuid4

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db, dsn
from mailing.base.settings import current
from mailing.campaigns import audience
from mailing.campaigns.campaigns import QUEUE_FOR_SHARE
from mailing.deliveries import dispatch, halting, queue
from mailing.deliveries.results import Ending, Result
from tests import road
from tests.deliveries.conftest import Begin, Sender


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience, "CHUNK", 10)


def started(count: int) -> int:
    road.subscribe(road.lay(), count)
    number = road.campaign()
    road.start(number)
    return number


def deliveries() -> int:
    found = int(db.session.execute(text("SELECT count(*) FROM deliveries")).scalar_one())
    db.session.rollback()
    return found


def unfinished(sender: Sender) -> int:
    query = "SELECT count(*) FROM batches WHERE finished_at IS NULL"
    row = sender.database.execute(query).fetchone()
    assert row
    return int(row[0])


def owned(sender: Sender) -> int:
    row = sender.database.execute("SELECT count(*) FROM batch_owners").fetchone()
    assert row
    return int(row[0])


def test_the_first_messages_can_leave_before_the_last_chunk_is_written(sender: Sender) -> None:
    number = started(35)
    assert len(sender.ask(sender.claim(10))) == 10
    assert deliveries() == 10
    told = road.outcomes(number)
    assert (told["pending"], told["sending"]) == (25, 10)


def test_the_ids_of_what_is_written_together_stand_together_and_cannot_be_guessed(
    sender: Sender,
) -> None:
    """RFC 9562 5.7: version 7 begins with the millisecond, and the rest is random."""
    started(20)
    began = time.time_ns() // 10**6
    ids = [claim.delivery_id for claim in sender.claim(10)]
    ended = time.time_ns() // 10**6
    assert {(one.version, one.variant) for one in ids} == {(7, RFC_4122)}
    assert all(began - 1 <= one.int >> 80 <= ended + 1 for one in ids)
    # Ten of 4,096 and of 2^62 values: hardly ever two alike.
    assert len({one.int >> 64 & 0xFFF for one in ids}) > 5
    assert len({one.int & (2**62 - 1) for one in ids}) == len(ids)


def test_a_claim_may_be_smaller_than_a_batch_and_the_rest_is_claimed_later(sender: Sender) -> None:
    started(35)
    sizes = [len(sender.claim(4)) for _ in range(10)]
    assert sizes == [4, 4, 4, 4, 4, 4, 4, 4, 3, 0]
    assert deliveries() == 35


def test_a_batch_written_again_writes_nobody_twice(sender: Sender) -> None:
    """T45: unique by campaign and person, so that no repetition doubles."""
    started(35)
    road.write_out()
    sender.database.execute("UPDATE batches SET written_at = NULL")
    sender.claim(1000)
    assert deliveries() == 35


def test_four_at_once_share_the_batches(app: Flask) -> None:
    started(200)
    claimed: list[int] = []
    troubles: list[BaseException] = []

    def work() -> None:
        with app.app_context():
            address = dsn(current().database)
        owner = uuid4()
        try:
            with psycopg.connect(address, autocommit=True) as database:
                for _ in range(40):
                    with database.transaction():
                        claimed.append(len(queue.claim(database, owner, 7)))
        except BaseException as error:
            troubles.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    assert sum(claimed) == deliveries() == 200


def test_a_row_that_somebody_holds_is_passed_by_and_stays_due(sender: Sender, begin: Begin) -> None:
    number = started(10)
    road.write_out()
    with db.session.begin_nested():
        db.session.execute(text("SELECT FROM deliveries LIMIT 3 FOR UPDATE"))
        assert len(sender.claim()) == 7
    db.session.rollback()
    assert len(sender.claim()) == 3
    assert road.outcomes(number)["sending"] == 10


def test_a_batch_is_finished_when_its_last_owner_lets_go(sender: Sender) -> None:
    number = started(10)
    claims = sender.claim()
    queue.release(sender.database, sender.id)
    assert (unfinished(sender), owned(sender)) == (1, 1)
    passed = sender.ask(claims)
    sender.seal(passed)
    queue.release(sender.database, sender.id)
    assert (unfinished(sender), owned(sender)) == (1, 1)
    done = [
        Result(p.permit.delivery_id, p.permit.fence, Ending.ACCEPTED, p.attempts, 250)
        for p in passed
    ]
    sender.ask([], *done)
    queue.release(sender.database, sender.id)
    assert (unfinished(sender), owned(sender)) == (0, 0)
    assert dispatch.finish() == [number]


def test_what_is_deferred_keeps_its_batch_and_comes_back_in_its_time(sender: Sender) -> None:
    started(10)
    passed = sender.ask(sender.claim())
    done = [
        Result(p.permit.delivery_id, p.permit.fence, Ending.DEFERRED, p.attempts, 451)
        for p in passed
    ]
    sender.ask([], *done)
    queue.release(sender.database, sender.id)
    assert (unfinished(sender), owned(sender)) == (1, 0)
    assert sender.claim() == []
    sender.database.execute("UPDATE deliveries SET retry_at = now()")
    sender.database.execute("UPDATE batches SET due_at = now() WHERE due_at IS NOT NULL")
    again = sender.claim()
    assert len(again) == 10
    assert {claim.fence for claim in again} == {2}


def test_what_is_given_back_for_a_while_is_not_claimed_before(sender: Sender) -> None:
    started(10)
    claims = sender.claim()
    queue.put_back(sender.database, sender.id, [c.delivery_id for c in claims[:4]], 3600)
    queue.put_back(sender.database, sender.id, [c.delivery_id for c in claims[4:]])
    assert len(sender.claim()) == 6
    assert sender.states() == {"claimed": 6, "deferred": 4}


def test_a_stop_in_the_middle_counts_what_was_never_written(sender: Sender) -> None:
    number = started(35)
    sender.claim(10)
    counted = halting.stop(number, road.ACTOR)
    db.session.commit()
    assert (counted.out, counted.stopped) == (0, 35)
    assert road.outcomes(number)["held"] == {"campaign_stopped": 35}
    assert deliveries() == 10


def test_a_sweep_writes_down_what_a_stop_has_kept_back(sender: Sender) -> None:
    number = started(35)
    road.write_out()
    halting.stop(number, road.ACTOR)
    db.session.commit()
    while halting.close_stopped():
        db.session.commit()
    assert sender.states() == {"held": 35}
    assert unfinished(sender) == 0
    assert road.outcomes(number)["held"] == {"campaign_stopped": 35}


def test_gates_that_overlap_do_not_keep_a_stop_waiting(sender: Sender, begin: Begin) -> None:
    """Share locks that follow one another would: the row itself has no fair queue."""
    number = started(10)
    with sender.database.transaction():
        sender.database.execute(QUEUE_FOR_SHARE, {"ids": [number]})
        sender.database.execute("SELECT FROM campaigns WHERE id = %s FOR SHARE", [number])
        stopping = begin(lambda: halting.stop(number, road.ACTOR))
        with psycopg.connect(dsn(current().database), autocommit=True) as other:
            other.execute("SET lock_timeout = '200ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                other.execute(QUEUE_FOR_SHARE, {"ids": [number]})
    assert stopping.answer().stopped == 10


def test_a_campaign_whose_people_all_left_in_the_window_is_done(app: Flask) -> None:
    number = started(1)
    db.session.execute(text("DELETE FROM batches"))
    db.session.execute(text("UPDATE campaigns SET audience = 0"))
    db.session.commit()
    assert dispatch.finish() == [number]


def test_what_is_put_off_and_a_pause_take_their_rows_in_one_order(
    sender: Sender, begin: Begin
) -> None:
    """With a statement for each time, rows came in the order of the times: a deadlock."""
    number = started(10)
    claims = sorted(sender.claim(), key=lambda claim: claim.delivery_id.int)
    waits = {claim.delivery_id: 3600.0 - place for place, claim in enumerate(claims)}

    def put_off() -> int:
        with sender.database.transaction():
            return queue.put_off(sender.database, sender.id, waits)

    last = {"id": claims[-1].delivery_id}
    db.session.execute(text("SELECT FROM deliveries WHERE id = :id FOR UPDATE"), last)
    putting = begin(put_off)
    pausing = begin(lambda: halting.pause(number, road.ACTOR))
    db.session.rollback()
    assert putting.answer() == 10
    assert pausing.answer().stopped == 10
    assert sender.states() == {"deferred": 10}


def test_what_the_pace_puts_off_is_told_as_waiting_and_not_as_deferred_by_a_relay(
    sender: Sender,
) -> None:
    number = started(10)
    claims = sender.claim()
    queue.put_back(sender.database, sender.id, [c.delivery_id for c in claims], 3600)
    told = road.outcomes(number)
    assert (told["pending"], told["deferred"]) == (10, 0)
