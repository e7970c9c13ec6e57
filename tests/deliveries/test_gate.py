"""The gate under races that are aimed: each stops somebody at the exact point that matters."""

from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from mailing.base.database import db
from mailing.deliveries import gate, halting, queue
from mailing.deliveries.results import Ending, Result
from mailing.people import ledger, subscribers, suppression, topics
from mailing.people.ledger import Kind, NewEntry
from mailing.people.suppression import Why
from tests import road
from tests.deliveries.conftest import Begin, Sender

_LOCKED = """WITH locked AS MATERIALIZED (
    SELECT s.id FROM subscribers s WHERE s.id IN
        (SELECT d.subscriber_id FROM deliveries d WHERE d.id = ANY (%(ids)s::uuid[]))
    ORDER BY s.id FOR SHARE
), judged AS"""


def say(subscriber_id: UUID, kind: Kind, topic: str | None = "news") -> None:
    topic_id = topics.find(topic).id if topic else None
    ledger.append(NewEntry(subscriber_id, kind, topic_id, None, "staff", "test"))


def test_a_no_that_commits_while_the_gate_waits_is_seen(sender: Sender, begin: Begin) -> None:
    """T7: opted out after every earlier check, before the hand-over."""
    _, [person] = road.under_way(1)
    claims = sender.claim()
    say(person, Kind.UNSUBSCRIBED)
    asked = begin(lambda: sender.ask(claims))
    db.session.commit()
    assert asked.answer() == []
    row = sender.row(claims[0].delivery_id)
    assert (row["state"], row["reason"], row["attempts"]) == ("held", "unsubscribed", 0)


def test_in_a_single_statement_that_no_would_slip_through(
    sender: Sender, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant that the two statements are for: with it, the test above would fail."""
    _, [person] = road.under_way(1)
    claims = sender.claim()
    one = gate._DECIDE.replace("JOIN topics t ON", "JOIN locked l ON l.id = s.id JOIN topics t ON")
    monkeypatch.setattr(gate, "_DECIDE", one.replace("WITH judged AS", _LOCKED))
    monkeypatch.setattr(gate, "_lock", lambda _: [])
    say(person, Kind.UNSUBSCRIBED)
    asked = begin(lambda: sender.ask(claims))
    db.session.commit()
    assert len(asked.answer()) == 1
    assert sender.row(claims[0].delivery_id)["state"] == "open"


def test_a_suppression_that_commits_while_the_gate_waits_is_seen(
    sender: Sender, begin: Begin
) -> None:
    _, [person] = road.under_way(1)
    claims = sender.claim()
    held = subscribers.lock(person)
    assert held is not None
    suppression.suppress(held.digest, Why.COMPLAINT)
    asked = begin(lambda: sender.ask(claims))
    db.session.commit()
    assert asked.answer() == []
    assert sender.row(claims[0].delivery_id)["reason"] == "suppressed_complaint"


def test_a_no_after_the_gate_waits_until_the_permit_is_recorded(
    sender: Sender, begin: Begin
) -> None:
    _, [person] = road.under_way(1)
    claims = sender.claim()
    with sender.database.transaction():
        [passed] = sender.ask(claims)
        left = begin(lambda: say(person, Kind.UNSUBSCRIBED))
    left.answer()
    row = sender.row(passed.permit.delivery_id)
    assert (row["state"], row["attempts"]) == ("open", 1)
    assert row["allowed_by"] is not None


@pytest.mark.parametrize(
    ("kind", "topic", "reason"),
    [
        (Kind.UNSUBSCRIBED, "news", "unsubscribed"),
        (Kind.UNSUBSCRIBED, None, "unsubscribed"),
        (Kind.WITHDRAWN, None, "withdrawn"),
    ],
)
def test_every_no_is_held_with_its_reason_and_nobody_else(
    sender: Sender, kind: Kind, topic: str | None, reason: str
) -> None:
    """T1: what was queued does not outlive the yes that it was queued with."""
    _, people = road.under_way(3)
    claims = sender.claim()
    say(people[1], kind, topic)
    db.session.commit()
    assert {one.subscriber_id for one in sender.ask(claims)} == {people[0], people[2]}
    [held] = [c for c in claims if c.subscriber_id == people[1]]
    row = sender.row(held.delivery_id)
    assert (row["state"], row["reason"]) == ("held", reason)
    assert row["finished_at"] is not None


def test_a_stop_that_comes_first_is_seen_by_the_gate(sender: Sender, begin: Begin) -> None:
    number, _ = road.under_way(3)
    claims = sender.claim()
    counted = halting.stop(number, road.ACTOR)
    asked = begin(lambda: sender.ask(claims))
    db.session.commit()
    assert asked.answer() == []
    assert (counted.out, counted.stopped) == (0, 3)
    assert sender.states() == {"held": 3}


def test_a_stop_that_comes_after_the_gate_aborts_what_is_open(sender: Sender, begin: Begin) -> None:
    number, _ = road.under_way(3)
    claims = sender.claim()
    with sender.database.transaction():
        passed = sender.ask(claims)
        stopping = begin(lambda: halting.stop(number, road.ACTOR))
    counted = stopping.answer()
    assert (counted.out, counted.stopped) == (0, 3), "what is aborted is stopped as well"
    assert sender.seal(passed) == set()
    assert sender.states() == {"aborting": 3}


def test_a_paused_campaign_goes_back_and_costs_no_attempt(sender: Sender) -> None:
    number, _ = road.under_way(2)
    claims = sender.claim()
    halting.pause(number, road.ACTOR)
    db.session.commit()
    assert sender.ask(claims) == []
    row = sender.row(claims[0].delivery_id)
    assert (row["state"], row["attempts"]) == ("pending", 0)
    assert sender.claim() == []
    halting.resume(number, road.ACTOR)
    db.session.commit()
    assert len(sender.ask(sender.claim())) == 2


def test_a_stale_claim_opens_nothing(sender: Sender, other: Sender) -> None:
    road.under_way(1)
    [old] = sender.claim()
    queue.put_back(sender.database, sender.id, [old.delivery_id])
    [new] = other.claim()
    assert new.fence == old.fence + 1
    assert sender.ask([old]) == []
    assert sender.ask([new]) == []
    assert sender.row(new.delivery_id)["state"] == "claimed"
    assert len(other.ask([new])) == 1
    assert other.ask([new]) == [], "a permit is given once"


def test_while_sending_is_off_nothing_passes_and_nothing_is_lost(sender: Sender) -> None:
    road.under_way(1)
    claims = sender.claim()
    sender.database.execute("UPDATE installation SET sending_on = false")
    assert sender.ask(claims) == []
    assert sender.states() == {"pending": 1}
    assert sender.claim() == []


def test_a_record_that_cannot_be_read_waits_and_the_others_go_on(sender: Sender) -> None:
    """T54: what is wrong with one person stops nobody else."""
    _, people = road.under_way(3)
    sender.database.execute(
        "UPDATE subscribers SET personal = '\\x00112233445566778899'::bytea WHERE id = %s",
        [people[0]],
    )
    claims = sender.claim()
    assert {one.subscriber_id for one in sender.ask(claims)} == set(people[1:])
    [unread] = [c for c in claims if c.subscriber_id == people[0]]
    row = sender.row(unread.delivery_id)
    assert row["state"] == "deferred"
    assert "KELISIM_DATA_KEY" in row["reply_text"]


def test_the_gate_never_holds_a_delivery_while_it_waits_for_a_campaign(
    sender: Sender, other: Sender, begin: Begin
) -> None:
    """A stop has the campaign and wishes for what is open: the other order is a deadlock."""
    number, _ = road.under_way(2)
    [first, second] = sender.claim()
    sender.ask([first])
    lost = Result(first.delivery_id, first.fence, Ending.LOST, 1)
    with other.database.transaction():
        other.database.execute("SELECT FROM campaigns WHERE id = %s FOR UPDATE", [number])
        asked = begin(lambda: sender.ask([second], lost))
        other.database.execute("SET LOCAL lock_timeout = '500ms'")
        other.database.execute(
            "SELECT FROM deliveries WHERE id = %s FOR UPDATE", [first.delivery_id]
        )
    assert len(asked.answer()) == 1
    assert sender.row(first.delivery_id)["state"] == "deferred"


def test_with_its_questions_taken_away_the_gate_would_let_the_same_people_through(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T14: were the question forgotten, these tests would notice."""
    _, people = road.under_way(2)
    claims = sender.claim()
    say(people[0], Kind.WITHDRAWN, None)
    db.session.commit()
    decide = gate._DECIDE
    start, end = decide.index("CASE\n"), decide.index("END AS no")
    allow = decide[:start] + "NULL::text AS no" + decide[end + len("END AS no") :]
    monkeypatch.setattr(gate, "_DECIDE", allow)
    assert {one.subscriber_id for one in sender.ask(claims)} == set(people)


def test_the_messages_facts_are_fixed_at_the_first_yes(sender: Sender) -> None:
    road.under_way(1)
    [claim] = sender.claim()
    [first] = sender.ask([claim])
    sender.ask([], Result(claim.delivery_id, claim.fence, Ending.LOST, 1))
    road.make_due(sender.database)
    [again] = sender.ask(sender.claim())
    assert (again.link_key, again.dated_at) == (first.link_key, first.dated_at)
    assert again.permit.return_path == first.permit.return_path
    assert again.attempts == 2


def test_a_permit_is_made_nowhere_else(sender: Sender) -> None:
    road.under_way(1)
    [passed] = sender.ask(sender.claim())
    made: dict[str, Any] = {
        name: getattr(passed.permit, name) for name in passed.permit.__dataclass_fields__
    }
    with pytest.raises(TypeError, match="only the gate"):
        type(passed.permit)(**made | {"stamp": object()})


def test_no_session_of_the_gate_is_left_in_a_transaction(sender: Sender) -> None:
    road.under_way(1)
    sender.ask(sender.claim())
    assert sender.database.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
    idle = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND state LIKE 'idle in transaction%'"
    )
    db.session.rollback()
    assert db.session.execute(text(idle)).scalar() == 0
