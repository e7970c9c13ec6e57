"""Starting once, and stopping with a count that is true."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, NotReady
from mailing.base.settings import Settings
from mailing.campaigns import campaigns
from mailing.deliveries import dispatch, halting, queue, status
from mailing.deliveries.results import Ending, Result
from tests import road
from tests.deliveries.conftest import Begin, Sender, a_sender


def drafted(count: int = 3) -> int:
    road.subscribe(road.lay(), count)
    return road.campaign()


def answers(sender: Sender, *endings: Ending) -> None:
    """So many messages go out, each with its ending."""
    passed = sender.ask(sender.claim(len(endings)))
    sender.seal(passed)
    results = [
        Result(one.permit.delivery_id, one.permit.fence, ending, one.attempts)
        for one, ending in zip(passed, endings, strict=True)
    ]
    sender.ask([], *results)
    queue.release(sender.database, sender.id)


def test_two_starts_at_once_are_one_start(app: Flask) -> None:
    """T44, T47: overlapping schedulers, a double click."""
    number = drafted()
    ready = threading.Barrier(4)
    told: list[Any] = []

    def start() -> None:
        with app.app_context():
            ready.wait(90)
            try:
                told.append(dispatch.start(number, road.ACTOR, now=True))
                db.session.commit()
            except Exception as error:
                told.append(error)
            db.session.remove()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(one, Conflict) for one in told) == 3
    assert road.outcomes(number)["audience"] == 3


@pytest.mark.parametrize("now", [True, False])
def test_a_start_waits_for_the_one_before_it_and_is_refused(
    app: Flask, begin: Begin, now: bool
) -> None:
    """T44: the second looks at the campaign once the first has committed, never before."""
    number = drafted()
    dispatch.start(number, road.ACTOR, now=now)
    second = begin(lambda: dispatch.start(number, road.ACTOR, now=now))
    db.session.commit()
    with pytest.raises(Conflict, match="only a draft can be started"):
        second.answer()


def test_a_start_that_expects_another_number_changes_nothing(app: Flask) -> None:
    """T52: what was shown is what is sent, or nothing is."""
    number = drafted()
    for now in (True, False):
        with pytest.raises(Conflict, match="expected 4 people, but 3"):
            dispatch.start(number, road.ACTOR, expect=4, now=now)
        db.session.rollback()
        assert campaigns.find(number).state == "draft"
    assert dispatch.start(number, road.ACTOR, expect=3, now=True).will_receive == 3


def test_a_campaign_to_nobody_is_not_started(app: Flask) -> None:
    road.lay()
    number = road.campaign()
    with pytest.raises(NotReady, match="Nobody would receive this"):
        dispatch.start(number, road.ACTOR)


def test_in_the_holding_window_nothing_is_written_and_it_can_be_called_back(app: Flask) -> None:
    number = drafted()
    started = dispatch.start(number, road.ACTOR)
    db.session.commit()
    assert started.release_at is not None
    assert started.release_at > clock.now() + timedelta(seconds=100)
    assert dispatch.release_due() == []
    assert "holding window" in status.status(number)["waiting_for"]
    assert dispatch.hold(number, road.ACTOR).state == "draft"
    db.session.commit()
    assert dispatch.start(number, road.ACTOR, now=True).will_receive == 3


def due(number: int) -> None:
    dispatch.start(number, road.ACTOR)
    db.session.execute(text("UPDATE campaigns SET release_at = now() - interval '1 second'"))
    db.session.commit()


def test_who_leaves_in_the_window_is_not_in_the_audience(app: Flask) -> None:
    """T5: left after the campaign was scheduled."""
    ids = road.subscribe(road.lay(), 3)
    number = road.campaign()
    due(number)
    db.session.execute(
        text("UPDATE standings SET standing = 'unsubscribed' WHERE subscriber_id = :id"),
        {"id": ids[0]},
    )
    db.session.commit()
    assert dispatch.release_due() == [number]
    db.session.commit()
    assert road.outcomes(number)["audience"] == 2


def test_a_call_back_and_the_release_have_one_winner(app: Flask, begin: Begin) -> None:
    number = drafted()
    due(number)
    dispatch.release_due()
    held = begin(lambda: dispatch.hold(number, road.ACTOR))
    db.session.commit()
    with pytest.raises(Conflict, match="is sending, not scheduled"):
        held.answer()
    second = road.campaign()
    due(second)
    dispatch.hold(second, road.ACTOR)
    with app.app_context():
        assert dispatch.release_due() == [], "what somebody else holds is passed over"
    db.session.commit()
    assert dispatch.release_due() == []


def test_sending_now_ends_the_window_once(app: Flask) -> None:
    number = drafted()
    dispatch.start(number, road.ACTOR)
    db.session.commit()
    assert dispatch.send_now(number, road.ACTOR).state == "sending"
    db.session.commit()
    with pytest.raises(Conflict):
        dispatch.send_now(number, road.ACTOR)


def test_a_stop_says_exactly_what_was_out_and_what_was_not(sender: Sender) -> None:
    """T50: a stop that stops, and a number that is true."""
    number, _ = road.under_way(10)
    answers(sender, Ending.ACCEPTED, Ending.ACCEPTED, Ending.REFUSED, Ending.UNCERTAIN)
    answers(sender, Ending.DEFERRED)
    passed, claimed = sender.ask(sender.claim(2)), sender.claim(1)
    counted = halting.stop(number, road.ACTOR)
    db.session.commit()
    assert (counted.state, counted.out, counted.stopped) == ("stopped", 4, 6)
    assert (sender.seal(passed), sender.ask(claimed), sender.claim()) == (set(), [], [])
    with pytest.raises(Conflict):
        halting.stop(number, road.ACTOR)


def test_a_pause_counts_what_is_open_as_out_because_it_is_finished(sender: Sender) -> None:
    number, _ = road.under_way(10)
    answers(sender, Ending.ACCEPTED, Ending.DEFERRED)
    passed = sender.ask(sender.claim(2))
    sender.claim(1)
    counted = halting.pause(number, road.ACTOR)
    db.session.commit()
    assert (counted.out, counted.stopped) == (3, 7)
    assert len(sender.seal(passed)) == 2
    assert sender.claim() == []
    halting.resume(number, road.ACTOR)
    db.session.commit()
    with pytest.raises(Conflict, match="is sending, not paused"):
        halting.resume(number, road.ACTOR)
    assert len(sender.claim()) == 6


def test_a_campaign_is_done_when_nothing_is_left_and_not_before(sender: Sender) -> None:
    """T53: done is said of evidence, not of having tried."""
    number, _ = road.under_way(4)
    answers(sender, Ending.ACCEPTED, Ending.REFUSED, Ending.UNCERTAIN)
    assert dispatch.finish() == []
    db.session.commit()
    answers(sender, Ending.DEFERRED)
    assert dispatch.finish() == []
    db.session.commit()
    road.make_due(sender.database)
    answers(sender, Ending.ACCEPTED)
    assert dispatch.finish() == [number]
    db.session.commit()
    assert dispatch.finish() == []
    told = road.outcomes(number)
    assert (told["accepted"], told["refused"], told["uncertain"]) == (2, 1, 1)


def test_a_campaign_is_not_done_while_somebody_sends_its_uncertain_again(
    app: Flask, sender: Sender, begin: Begin
) -> None:
    """Asked with a snapshot older than its lock, it would be done with a message pending."""
    number, _ = road.under_way(2)
    answers(sender, Ending.UNCERTAIN, Ending.ACCEPTED)
    unfinished = "SELECT count(*) FROM batches WHERE finished_at IS NULL"
    assert sender.database.execute(unfinished).fetchone() == (0,), "it could be done now"
    status.resend_uncertain(number, road.ACTOR)
    with app.app_context():
        assert dispatch.finish() == []
        db.session.commit()
    db.session.commit()
    assert dispatch.finish() == []
    assert road.outcomes(number)["pending"] == 1


def test_groups_and_stops_never_end_in_a_deadlock(app: Flask, settings: Settings) -> None:
    """Many senders over two campaigns, somebody who stops one and pauses the other."""
    road.under_way(300)
    numbers = [1, road.another()]
    troubles: list[BaseException] = []
    over = threading.Event()
    threads = [
        threading.Thread(target=_send_until, args=(app, settings, over, troubles, seed))
        for seed in range(4)
    ]
    for thread in threads:
        thread.start()
    for _ in range(8):
        halting.pause(numbers[1], road.ACTOR)
        db.session.commit()
        halting.resume(numbers[1], road.ACTOR)
        db.session.commit()
    halting.stop(numbers[0], road.ACTOR)
    db.session.commit()
    over.set()
    for thread in threads:
        thread.join(90)
    assert troubles == []


def _send_until(
    app: Flask, settings: Settings, over: threading.Event, troubles: list[BaseException], seed: int
) -> None:
    from_lost = (Ending.LOST, Ending.ABORTED, Ending.CANNOT_RENDER)
    with app.app_context(), a_sender(settings) as sender:
        done: list[Result] = []
        try:
            while not over.is_set():
                passed = sender.ask(sender.claim(20), *done)
                sealed = sender.seal(passed[::2])
                done = [
                    Result(
                        one.permit.delivery_id,
                        one.permit.fence,
                        Ending.ACCEPTED
                        if one.permit.delivery_id in sealed
                        else from_lost[(seed + index) % 3],
                        one.attempts,
                    )
                    for index, one in enumerate(passed)
                ]
                _hurry(sender)
                queue.release(sender.database, sender.id)
        except BaseException as error:
            troubles.append(error)


def _hurry(sender: Sender) -> None:
    """Let the time of every retry have come; rows are locked in the order of their ids."""
    query = (
        "UPDATE deliveries SET retry_at = now() WHERE id IN (SELECT id FROM "
        "deliveries WHERE state = 'deferred' ORDER BY id FOR UPDATE SKIP LOCKED) RETURNING id"
    )
    hurried = [row[0] for row in sender.database.execute(query)]
    queue.call(sender.database, hurried)
