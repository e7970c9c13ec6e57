"""What becomes of a message, by how its attempt ended."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from mailing.base.database import db
from mailing.base.settings import Settings, current
from mailing.deliveries import halting, results
from mailing.deliveries.results import MOST_RESENDS, Ending, Result
from tests import road
from tests.deliveries.conftest import Begin, Sender
from tests.deliveries.test_queue import ask


def sealed(sender: Sender) -> Result:
    """One message at its dot."""
    passed = sender.ask(sender.claim())
    assert sender.seal(passed)
    permit = passed[0].permit
    return Result(permit.delivery_id, permit.fence, Ending.ACCEPTED, passed[0].attempts)


def ended(sender: Sender, told: Result, ending: Ending, **more: Any) -> dict[str, Any]:
    result = Result(told.delivery_id, told.fence, ending, told.attempts, **more)
    sender.ask([], result)
    return sender.row(told.delivery_id)


@pytest.mark.parametrize(
    ("ending", "state", "reason"),
    [
        (Ending.ACCEPTED, "accepted", None),
        (Ending.REFUSED, "refused", None),
        (Ending.DEFERRED, "deferred", None),
        (Ending.LOST, "deferred", None),
        (Ending.ABORTED, "deferred", None),
        (Ending.UNCERTAIN, "uncertain", None),
        (Ending.CANNOT_RENDER, "held", "cannot_render"),
    ],
)
def test_each_ending_has_its_state(
    sender: Sender, ending: Ending, state: str, reason: str | None
) -> None:
    road.under_way(1)
    row = ended(sender, sealed(sender), ending, code=450, text="say\0so" + "x" * 600)
    assert (row["state"], row["reason"]) == (state, reason)
    assert row["reply_code"] == 450
    assert row["reply_text"].startswith("sayso")
    assert len(row["reply_text"]) <= 512
    assert (row["retry_at"] is not None) == (state == "deferred")
    assert (row["finished_at"] is not None) == (state != "deferred")


def test_what_was_aborted_is_held_for_its_own_reason_however_it_ended(sender: Sender) -> None:
    number, _ = road.under_way(1)
    [passed] = sender.ask(sender.claim())
    halting.stop(number, road.ACTOR)
    db.session.commit()
    told = Result(passed.permit.delivery_id, passed.permit.fence, Ending.LOST, 1)
    row = ended(sender, told, Ending.CANNOT_RENDER)
    assert (row["state"], row["reason"]) == ("held", "campaign_stopped")


def test_a_result_that_waits_for_somebody_leaving_is_held_for_their_reason(
    sender: Sender, begin: Begin
) -> None:
    """The row is open when the statement begins and aborting when it has its lock."""
    number, _ = road.under_way(1)
    [passed] = sender.ask(sender.claim())
    halting.stop(number, road.ACTOR)
    told = Result(passed.permit.delivery_id, passed.permit.fence, Ending.LOST, 1)
    asked = begin(lambda: sender.ask([], told))
    db.session.commit()
    asked.answer()
    row = sender.row(told.delivery_id)
    assert (row["state"], row["reason"]) == ("held", "campaign_stopped")


def test_a_stale_result_changes_nothing(sender: Sender, other: Sender) -> None:
    road.under_way(1)
    told = sealed(sender)
    other.ask([], told)
    sender.ask([], Result(told.delivery_id, told.fence - 1, Ending.REFUSED, 1))
    sender.ask([], Result(uuid4(), told.fence, Ending.REFUSED, 1))
    assert sender.row(told.delivery_id)["state"] == "sealed"
    sender.ask([], told)
    assert ended(sender, told, Ending.REFUSED)["state"] == "accepted", "an outcome is final"


def test_what_was_put_off_for_four_days_is_refused(sender: Sender) -> None:
    road.under_way(1)
    told = sealed(sender)
    sender.database.execute("UPDATE deliveries SET dated_at = now() - interval '97 hours'")
    row = ended(sender, told, Ending.DEFERRED, code=451, text="later")
    assert (row["state"], row["reply_text"]) == ("refused", "later")


def test_a_confirmation_whose_answer_was_lost_is_sent_again_but_not_for_ever(
    sender: Sender,
) -> None:
    road.lay()
    ask("someone@example.net")
    states = []
    for _ in range(MOST_RESENDS):
        row = ended(sender, sealed(sender), Ending.UNCERTAIN)
        states.append(row["state"])
        road.make_due(sender.database)
    assert states == ["deferred"] * (MOST_RESENDS - 1) + ["uncertain"]


def test_the_waits_grow_and_stay_at_the_longest(settings: Settings, app: object) -> None:
    def wait(ending: Ending, attempts: int) -> timedelta:
        return results.wait(current(), Result(uuid4(), 1, ending, attempts))

    asked = [wait(Ending.DEFERRED, attempts) for attempts in (0, 1, 2, 7, 99)]
    assert asked == [timedelta(minutes=minutes) for minutes in (1, 1, 5, 180, 180)]
    assert wait(Ending.LOST, 1) == timedelta(seconds=5)
    assert wait(Ending.LOST, 999) == timedelta(seconds=300)
