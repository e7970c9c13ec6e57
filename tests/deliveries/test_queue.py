"""Claiming: nothing twice, nothing beyond the limit, and nobody waits behind anybody."""

import threading
from datetime import timedelta
from uuid import UUID

import pytest

from mailing.base.database import db
from mailing.base.errors import NotAllowed
from mailing.base.settings import Settings
from mailing.campaigns import audience
from mailing.deliveries import confirmations, halting, incarnations, queue
from mailing.deliveries.queue import Claim
from mailing.people.optins import Submission
from tests import road
from tests.deliveries.conftest import Sender, a_sender


def test_two_at_once_never_share_a_row(settings: Settings, sender: Sender) -> None:
    """T44: two of everything, and each message is somebody's alone."""
    road.under_way(400)
    found: list[list[Claim]] = []

    def claim_all() -> None:
        with a_sender(settings) as one:
            mine: list[Claim] = []
            while claims := one.claim(7):
                mine += claims
            found.append(mine)

    threads = [threading.Thread(target=claim_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [claim.delivery_id for mine in found for claim in mine]
    assert len(ids) == len(set(ids)) == 400
    assert sender.states() == {"claimed": 400}


@pytest.mark.parametrize("is_written", [True, False])
def test_what_another_is_claiming_is_passed_over_without_waiting(
    sender: Sender, other: Sender, monkeypatch: pytest.MonkeyPatch, is_written: bool
) -> None:
    monkeypatch.setattr(audience, "CHUNK", 5)
    road.subscribe(road.lay(), 15)
    road.start(road.campaign())
    if is_written:
        road.write_out()
    other.database.execute("SET lock_timeout = '1s'")
    with sender.database.transaction():
        mine = sender.claim(6)
        theirs = other.claim(15)
    assert (len(mine), len(theirs)) == (6, 5), "a batch that is being claimed is passed by whole"
    rest = other.claim(15)
    ids = [claim.delivery_id for claim in (*mine, *theirs, *rest)]
    assert len(ids) == len(set(ids)) == 15


@pytest.mark.parametrize("limit", [1, 5, 50])
def test_a_claim_stays_within_its_limit_whatever_the_plan(sender: Sender, limit: int) -> None:
    road.under_way(60)
    sender.database.execute("SET enable_hashjoin = off")
    sender.database.execute("SET enable_mergejoin = off")
    sender.database.execute("SET enable_material = off")
    assert len(sender.claim(limit)) == limit
    assert sender.states()["claimed"] == limit


def test_a_small_campaign_does_not_wait_behind_a_large_one(sender: Sender) -> None:
    large, _ = road.under_way(40)
    small = road.another()
    claims = sender.claim(20)
    by_campaign = [claim.campaign_id for claim in claims]
    assert by_campaign.count(large) == by_campaign.count(small) == 10


def test_who_waits_for_a_confirmation_comes_first(sender: Sender) -> None:
    road.under_way(5)
    ask("someone@example.net")
    assert [claim.kind for claim in sender.claim(2)] == ["confirmation", "campaign"]


def test_a_claim_is_given_back_only_where_it_was_not_begun(sender: Sender, other: Sender) -> None:
    road.under_way(3)
    [first, second] = sender.claim(2)
    [theirs] = other.claim(1)
    sender.ask([first])
    everything = [first.delivery_id, second.delivery_id, theirs.delivery_id]
    assert queue.put_back(sender.database, sender.id, everything) == 1
    assert sender.states() == {"open": 1, "pending": 1, "claimed": 1}


def test_a_retry_waits_for_its_time(sender: Sender) -> None:
    road.under_way(2)
    ids = [claim.delivery_id for claim in sender.claim()]
    for delivery, when in zip(ids, ("now()", "now() + interval '1 hour'"), strict=True):
        defer(sender, delivery, when)
    assert [claim.delivery_id for claim in sender.claim()] == [ids[0]]
    assert sender.row(ids[0])["retry_at"] is None
    assert sender.row(ids[1])["state"] == "deferred"
    [(due_in,)] = sender.database.execute("SELECT due_at - now() FROM batches").fetchall()
    assert timedelta(minutes=59) < due_in <= timedelta(hours=1)


def test_what_was_on_its_way_before_is_claimed_without_anything_new(
    sender: Sender, other: Sender
) -> None:
    road.under_way(3)
    mine = sender.claim()
    road.start(road.campaign())
    assert claim_returned(other, 100) == [], "what is in somebody's hands is nobody else's"
    defer(sender, mine[0].delivery_id, "now()")
    defer(sender, mine[1].delivery_id, "now() + interval '1 hour'")
    assert claim_returned(other, 100) == [mine[0].delivery_id]


def test_what_waits_of_a_paused_campaign_is_not_claimed_again(sender: Sender) -> None:
    number, _ = road.under_way(3)
    halting.pause(number, road.ACTOR)
    db.session.commit()
    assert claim_returned(sender, 100) == []
    halting.resume(number, road.ACTOR)
    db.session.commit()
    assert len(claim_returned(sender, 2)) == 2


def claim_returned(sender: Sender, limit: int) -> list[UUID]:
    with sender.database.transaction():
        claims = queue.claim_returned(sender.database, sender.id, limit)
    return [claim.delivery_id for claim in claims]


def test_a_process_that_was_declared_dead_claims_nothing_more(sender: Sender) -> None:
    road.under_way(1)
    incarnations.fence_host(sender.host)
    db.session.commit()
    with pytest.raises(NotAllowed, match="declared dead"):
        sender.claim()
    assert sender.states() == {"pending": 1}


def defer(sender: Sender, delivery: UUID, when: str) -> None:
    sender.database.execute(
        f"UPDATE deliveries SET state = 'deferred', retry_at = {when} WHERE id = %s",  # noqa: S608
        [delivery],
    )
    queue.call(sender.database, [delivery])


def ask(address: str, page: str = "http://glazik.example/join/site") -> None:
    """Somebody fills in the form."""
    confirmations.submit(
        Submission(
            form_slug="site",
            address=address,
            topics=("news",),
            fields={},
            language="kk",
            policy_id=1,
            page=page,
            network_address="192.0.2.1",
            user_agent="test",
        )
    )
    db.session.commit()
