"""What the dead left behind, row by row."""

from uuid import UUID, uuid4

import pytest

from mailing.base.database import db
from mailing.base.errors import Missing
from mailing.base.settings import current
from mailing.deliveries import gate, halting, incarnations
from mailing.deliveries.incarnations import Journalled, Trace
from tests import road
from tests.deliveries.conftest import Sender
from tests.deliveries.test_queue import ask


def settle(by: Sender, dead: Sender, traces: dict[UUID, Trace], is_whole: bool = True) -> int:
    journal = Journalled(traces, is_whole)
    with by.database.transaction():
        return incarnations.settle(by.database, current(), dead.id, journal)


def test_each_row_goes_where_the_journal_says(sender: Sender, other: Sender) -> None:
    """T47: what a worker may have handed over before it died is not sent again by another."""
    number, _ = road.under_way(8)
    claims = sender.claim()
    passed = sender.ask(claims[:7])
    sender.seal(passed[:6])
    ids = [one.permit.delivery_id for one in passed]
    fence = passed[0].permit.fence
    traces = {
        ids[1]: Trace(fence, None),
        ids[2]: Trace(fence, 250, "queued"),
        ids[3]: Trace(fence, 451, "later"),
        ids[4]: Trace(fence, 550, "no such mailbox"),
        ids[5]: Trace(fence + 7, None),
    }
    assert settle(other, sender, traces) == 8
    found = [sender.row(delivery) for delivery in ids]
    assert [row["state"] for row in found] == [
        "pending",
        "uncertain",
        "accepted",
        "deferred",
        "refused",
        "pending",
        "pending",
    ]
    assert found[4]["reply_text"] == "no such mailbox"
    assert sender.row(claims[7].delivery_id)["state"] == "pending"
    assert settle(other, sender, traces) == 0, "once is enough"
    assert road.outcomes(number)["audience"] == 8


def test_what_a_journal_that_is_not_whole_does_not_name_is_uncertain(
    sender: Sender, other: Sender
) -> None:
    """After a reboot, or on a host that is gone, silence proves nothing."""
    road.under_way(2)
    passed = sender.ask(sender.claim())
    sender.seal(passed)
    answered = passed[0].permit
    settle(other, sender, {answered.delivery_id: Trace(answered.fence, 250)}, is_whole=False)
    assert sender.states() == {"accepted": 1, "uncertain": 1}


def test_what_somebody_leaving_aborted_is_held_for_their_reason(
    sender: Sender, other: Sender
) -> None:
    number, _ = road.under_way(1)
    [passed] = sender.ask(sender.claim())
    halting.stop(number, road.ACTOR)
    db.session.commit()
    settle(other, sender, {})
    row = sender.row(passed.permit.delivery_id)
    assert (row["state"], row["reason"], row["owner"]) == ("held", "campaign_stopped", None)


def test_a_confirmation_whose_sender_died_before_the_answer_is_sent_again(
    sender: Sender, other: Sender
) -> None:
    road.lay()
    ask("someone@example.net")
    [passed] = sender.ask(sender.claim())
    sender.seal([passed])
    delivery, fence = passed.permit.delivery_id, passed.permit.fence
    settle(other, sender, {delivery: Trace(fence, None)})
    assert sender.row(delivery)["state"] == "deferred"


def test_a_settled_owner_that_lives_after_all_can_do_nothing(sender: Sender, other: Sender) -> None:
    road.under_way(3)
    [claimed, *rest] = sender.claim()
    passed = sender.ask(rest)
    settle(other, sender, {})
    assert sender.ask([claimed]) == []
    assert sender.seal(passed) == set()
    assert sender.states() == {"pending": 3}


def test_only_who_has_work_is_looked_at(sender: Sender, other: Sender) -> None:
    road.under_way(1)
    assert incarnations.with_work(other.database) == []
    sender.claim()
    [owner] = incarnations.with_work(other.database)
    assert (owner.id, owner.host_id, owner.is_fenced) == (sender.id, sender.host, False)


def test_fencing_names_a_host_that_is_known(sender: Sender, other: Sender) -> None:
    road.under_way(1)
    sender.claim()
    assert incarnations.fence_host(sender.host) == 1
    db.session.commit()
    assert [owner.is_fenced for owner in incarnations.with_work(other.database)] == [True]
    with pytest.raises(Missing, match="No live process"):
        incarnations.fence_host(uuid4())


def test_what_the_gate_put_off_just_before_a_death_is_claimed_again(
    sender: Sender, other: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the gate's commit and its call: the rows wait, and no batch is due."""
    road.under_way(3)
    claims = sender.claim()
    sender.database.execute("UPDATE installation SET sending_on = false")
    monkeypatch.setattr(gate, "_call_again", die)
    with pytest.raises(KeyboardInterrupt):
        sender.ask(claims)
    sender.database.execute("UPDATE installation SET sending_on = true")
    assert sender.states() == {"pending": 3}
    assert other.claim() == []
    settle(other, sender, {})
    assert len(other.claim()) == 3


def die(*_: object) -> None:
    raise KeyboardInterrupt
