"""Figures that add up, and a word on what a campaign waits for."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.base.errors import Conflict
from mailing.deliveries import dispatch, halting, relays, status
from mailing.deliveries.results import Ending
from mailing.deliveries.why import why
from mailing.leaving import links
from tests import road
from tests.deliveries.conftest import Sender
from tests.deliveries.test_dispatch import answers

RELAY = "127.0.0.1:1"


def waiting_for(number: int) -> Any:
    return status.status(number)["waiting_for"]


def test_every_figure_is_the_contracts_and_they_add_up(sender: Sender) -> None:
    number, _ = road.under_way(12)
    answers(sender, Ending.ACCEPTED, Ending.REFUSED, Ending.UNCERTAIN, Ending.DEFERRED)
    answers(sender, Ending.CANNOT_RENDER)
    sender.seal(sender.ask(sender.claim(2))[:1])
    sender.claim(2)
    told = road.outcomes(number)
    assert told == {
        "accepted": 1,
        "deferred": 1,
        "refused": 1,
        "uncertain": 1,
        "held": {"cannot_render": 1},
        "pending": 3,
        "sending": 4,
        "state": "sending",
        "audience": 12,
    }
    assert _rate_when_it_moves_for(number, seconds=60) == 0.1


def test_the_rate_counts_only_the_time_in_which_it_could_move(sender: Sender) -> None:
    number, _ = road.under_way(8)
    answers(sender, *[Ending.ACCEPTED] * 8)
    assert _rate_when_it_moves_for(number, seconds=4) == pytest.approx(2, abs=0.3)
    halting.pause(number, road.ACTOR)
    halting.resume(number, road.ACTOR)
    db.session.commit()
    assert status.status(number)["rate"] == 0.0, "nothing has been accepted since"


def _rate_when_it_moves_for(number: int, seconds: int) -> float:
    started = text("UPDATE campaigns SET started_at = now() - make_interval(secs => :seconds)")
    db.session.execute(started, {"seconds": seconds})
    db.session.commit()
    return float(status.status(number)["rate"])


def test_a_relay_that_is_down_is_named_until_it_works(sender: Sender) -> None:
    number, _ = road.under_way(1)
    assert str(waiting_for(number)).startswith("a worker")
    relays.down(sender.database, RELAY, "connection refused", 5)
    assert waiting_for(number) == "the mail relay: 127.0.0.1:1: connection refused"
    relays.up(sender.database, RELAY)
    assert str(waiting_for(number)).startswith("a worker")


def test_a_relay_that_nobody_uses_any_more_is_not_waited_for(sender: Sender) -> None:
    number, _ = road.under_way(1)
    relays.down(sender.database, "old.example:25", "connection refused", 30)
    sender.database.execute("UPDATE relays SET retry_at = now() - interval '1 hour'")
    assert str(waiting_for(number)).startswith("a worker")


def test_deferred_messages_are_waited_for_with_their_time(sender: Sender) -> None:
    number, _ = road.under_way(1)
    answers(sender, Ending.DEFERRED)
    assert waiting_for(number).startswith("the next try of 1 deferred messages, at ")


def test_that_sending_is_off_is_said_with_its_reason(sender: Sender) -> None:
    number, _ = road.under_way(1)
    sender.database.execute(
        "UPDATE installation SET sending_on = false, sending_off_reason = 'the journal differs'"
    )
    assert waiting_for(number) == "sending to be switched on again: the journal differs"


def test_what_is_uncertain_is_named_and_goes_out_again_only_by_a_persons_decision(
    sender: Sender,
) -> None:
    """T49: accepted or not, nobody knows; the gate asks again before it is sent again."""
    number, people = road.under_way(2)
    answers(sender, Ending.UNCERTAIN, Ending.UNCERTAIN)
    dispatch.finish()
    db.session.commit()
    listed = status.uncertain(number)
    assert {one["email"] for one in listed} == {road.address(0), road.address(1)}
    assert all(one["message_id"].endswith("@glazik.example") for one in listed)
    assert sender.claim() == []
    db.session.execute(
        text("UPDATE standings SET standing = 'unsubscribed' WHERE subscriber_id = :id"),
        {"id": people[0]},
    )
    assert status.resend_uncertain(number, road.ACTOR) == 2
    db.session.commit()
    assert status.status(number)["state"] == "sending"
    passed = sender.ask(sender.claim())
    assert [one.subscriber_id for one in passed] == [people[1]]
    assert why(road.address(0), number).reason == "unsubscribed"


def test_nothing_of_a_stopped_campaign_is_sent_again(sender: Sender) -> None:
    number, _ = road.under_way(2)
    answers(sender, Ending.UNCERTAIN)
    halting.stop(number, road.ACTOR)
    db.session.commit()
    with pytest.raises(Conflict, match="is stopped; nothing of it is sent again"):
        status.resend_uncertain(number, road.ACTOR)
    db.session.rollback()
    assert road.outcomes(number)["uncertain"] == 1


def test_the_preview_of_an_audience_is_its_outcome(app: Flask, sender: Sender) -> None:
    """T52: shown, frozen and sent are one number."""
    number, _ = road.under_way(5)
    told = status.status(number)
    assert told["audience"] == len(sender.ask(sender.claim())) == 5


def test_in_the_holding_window_the_audience_is_counted_as_it_would_be_now(app: Flask) -> None:
    policy = road.lay()
    ids = road.subscribe(policy, 3)
    number = road.campaign()
    assert dispatch.start(number, road.ACTOR).will_receive == 3
    db.session.commit()
    found = road.outcomes(number)
    assert (found["state"], found["audience"], found["pending"]) == ("scheduled", 3, 3)
    links.by_token(road.leave_token(ids[0]), 0)
    assert road.outcomes(number)["audience"] == 2
    assert halting.stop(number, road.ACTOR).out == 0
    db.session.commit()
    found = road.outcomes(number)
    assert (found["state"], found["audience"]) == ("stopped", 0)
    told = why(road.address(1), number)
    assert (told.outcome, told.reason) == ("held", "campaign_stopped")
    assert why(road.address(0), number).reason == "unsubscribed"
