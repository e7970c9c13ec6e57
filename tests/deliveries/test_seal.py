"""The seal against everybody who may still say no: leaving, and a stop."""

import pytest

from mailing.base.database import db
from mailing.deliveries import halting
from mailing.deliveries.gate import Passed
from mailing.deliveries.results import Ending, Result
from mailing.leaving import links
from tests import road
from tests.deliveries.conftest import Begin, Sender


def opened(sender: Sender, count: int = 1) -> list[Passed]:
    passed = sender.ask(sender.claim())
    assert len(passed) == count
    return passed


def lost(passed: Passed, ending: Ending = Ending.ABORTED) -> Result:
    return Result(passed.permit.delivery_id, passed.permit.fence, ending, passed.attempts)


def test_who_leaves_before_the_seal_gets_no_dot(sender: Sender) -> None:
    _, [person] = road.under_way(1)
    passed = opened(sender)
    receipt = links.by_token(road.leave_token(person), 1.0)
    assert receipt is not None
    assert receipt.in_flight == [], "it cannot complete, so nothing is named"
    assert sender.seal(passed) == set()
    sender.ask([], lost(passed[0]))
    row = sender.row(passed[0].permit.delivery_id)
    assert (row["state"], row["reason"]) == ("held", "unsubscribed")


def test_who_leaves_after_the_seal_is_told_of_that_one_message(sender: Sender) -> None:
    _, [person] = road.under_way(1)
    passed = opened(sender)
    delivery = passed[0].permit.delivery_id
    assert sender.seal(passed) == {delivery}
    receipt = links.by_token(road.leave_token(person), 0.1)
    assert receipt is not None
    [named] = receipt.in_flight
    assert named["message_id"].startswith(delivery.hex)
    sender.ask([], lost(passed[0], Ending.ACCEPTED))
    assert sender.row(delivery)["state"] == "accepted"


def test_an_answer_that_comes_within_the_patience_names_nothing(
    sender: Sender, begin: Begin
) -> None:
    _, [person] = road.under_way(1)
    passed = opened(sender)
    with sender.database.transaction():
        sender.seal(passed)
        token = road.leave_token(person)
        left = begin(lambda: links.by_token(token, 5.0))
    sender.ask([], lost(passed[0], Ending.ACCEPTED))
    receipt = left.answer()
    assert receipt.in_flight == []
    assert sender.row(passed[0].permit.delivery_id)["state"] == "accepted"


def test_a_seal_that_waits_for_somebody_leaving_is_refused(sender: Sender, begin: Begin) -> None:
    number, _ = road.under_way(3)
    passed = opened(sender, 3)
    halting.stop(number, road.ACTOR)
    sealing = begin(lambda: sender.seal(passed))
    db.session.commit()
    assert sealing.answer() == set()
    assert sender.states() == {"aborting": 3}


def test_a_stop_after_the_seal_leaves_what_is_sealed_and_counts_it_as_out(
    sender: Sender, begin: Begin
) -> None:
    number, _ = road.under_way(3)
    passed = opened(sender, 3)
    with sender.database.transaction():
        assert len(sender.seal(passed[:2])) == 2
        stopping = begin(lambda: halting.stop(number, road.ACTOR))
    counted = stopping.answer()
    assert (counted.out, counted.stopped) == (2, 1)
    assert sender.states() == {"sealed": 2, "aborting": 1}


@pytest.mark.parametrize("ending", [Ending.DEFERRED, Ending.LOST])
def test_what_comes_back_to_a_stopped_campaign_is_held(sender: Sender, ending: Ending) -> None:
    """Sealed at the stop, then put off by the relay: it must not wait for ever, nor leave."""
    number, _ = road.under_way(1)
    passed = opened(sender)
    sender.seal(passed)
    halting.stop(number, road.ACTOR)
    db.session.commit()
    sender.ask([], lost(passed[0], ending))
    assert sender.states() == {"deferred": 1}
    assert halting.close_stopped() == 1
    db.session.commit()
    told = road.outcomes(number)
    assert (told["deferred"], told["held"]) == (0, {"campaign_stopped": 1})


def test_only_the_owner_seals_and_only_with_its_own_claim(sender: Sender, other: Sender) -> None:
    road.under_way(1)
    passed = opened(sender)
    assert other.seal(passed) == set()
    sender.database.execute("UPDATE deliveries SET fence = fence + 1")
    assert sender.seal(passed) == set()
    assert sender.states() == {"open": 1}


def test_a_seal_is_given_once(sender: Sender) -> None:
    road.under_way(1)
    passed = opened(sender)
    assert len(sender.seal(passed)) == 1
    assert sender.seal(passed) == set()
