"""Leaving: once, for good, and by no road back that is not the person's own."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Unavailable
from mailing.base.settings import Settings, current
from mailing.leaving import inflight, links, replay
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people import ledger, suppression, topics
from mailing.people.ledger import Kind
from mailing.people.suppression import Why
from mailing.policies.versions import PolicyVersion
from tests import road
from tests.person import Person, at_once, elsewhere, newest_request, token_of

NOWHERE = "postgresql://127.0.0.1:1/none"


@pytest.fixture
def policy(app: Flask) -> PolicyVersion:
    return road.lay()


@pytest.fixture
def person(policy: PolicyVersion) -> Person:
    """Somebody with a yes to two topics, where the web has begun its journal."""
    replay.run()
    somebody = Person(policy)
    somebody.say_yes("news", "offers")
    return somebody


def states(of: UUID | None = None) -> list[tuple[str, str | None]]:
    """Everybody's deliveries of campaigns, or one person's, as `(state, reason)`."""
    query = (
        "SELECT state, reason FROM deliveries WHERE campaign_id IS NOT NULL "
        "AND subscriber_id = coalesce(CAST(:of AS uuid), subscriber_id) ORDER BY id"
    )
    return [(row.state, row.reason) for row in db.session.execute(text(query), {"of": of})]


@pytest.mark.parametrize("kind", [Kind.UNSUBSCRIBED, Kind.WITHDRAWN, Kind.BLOCKED])
def test_to_leave_everything_again_changes_nothing(person: Person, kind: Kind) -> None:
    """T31."""
    receipts = [person.leave(kind=kind) for _ in range(3)]
    assert len({(receipt.id, receipt.recorded_at) for receipt in receipts}) == 1
    assert [said for said in person.said() if said.startswith(kind)] == [f"{kind} all"]


def test_a_topic_left_again_has_the_receipt_of_the_entry_that_left_it(person: Person) -> None:
    everything = person.leave()
    again = [person.one_click("news"), person.one_click("news"), person.leave()]
    assert {receipt.id for receipt in again} == {everything.id}
    assert {receipt.recorded_at for receipt in again} == {everything.recorded_at}


def test_whoever_leaves_again_waits_in_no_transaction_either(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Idle in a transaction for two seconds, it would hold up whoever cleans the tables."""
    waits, is_open = inflight.wait, []

    def wait(*asked: Any) -> list[dict[str, str]]:
        is_open.append(db.session().in_transaction())
        return waits(*asked)

    monkeypatch.setattr(inflight, "wait", wait)
    first, again = person.leave(), person.leave()
    assert (first.id, is_open) == (again.id, [False, False])


def test_a_receipt_is_of_the_last_no_and_not_of_one_before_a_new_yes(person: Person) -> None:
    first = person.one_click("news")
    assert person.undo("news")
    second = person.one_click("news")
    assert first.id != second.id
    assert second.recorded_at > first.recorded_at
    assert person.one_click("news").id == second.id


def test_several_topics_at_once_are_one_receipt(person: Person) -> None:
    both = Scope.of_topics(*(topics.find(slug).id for slug in ("news", "offers")))
    receipts = [person.leave(both) for _ in range(2)]
    assert [receipt.topic for receipt in receipts] == ["news,offers"] * 2
    assert receipts[0].id == receipts[1].id
    assert person.said()[-2:] == ["unsubscribed news", "unsubscribed offers"]


def test_whoever_cancels_a_request_leaves_what_it_asked_for_and_nothing_else(
    policy: PolicyVersion,
) -> None:
    """The one-click of a confirmation mail."""
    person = Person(policy)
    person.say_yes("news")
    person.ask("offers")
    receipt = links.by_token(token_of(newest_request(), "cancel"), 0)
    assert receipt is not None
    assert receipt.topic == "offers"
    assert (person.standing("news"), person.standing("offers")) == ("given", "unsubscribed")
    assert newest_request().state == "cancelled"


@pytest.mark.parametrize("scope", ["news", "everything"])
def test_a_withdrawal_is_neither_lessened_nor_taken_back(person: Person, scope: str) -> None:
    person.leave(kind=Kind.WITHDRAWN)
    before = person.said()
    person.one_click("news") if scope == "news" else person.leave()
    assert not person.undo("news")
    assert not person.undo("notices")
    assert person.said() == before
    assert {person.standing(slug) for slug in ("news", "offers", "notices")} == {"withdrawn"}
    assert list(suppression.reasons(person.row.digest)) == [Why.WITHDRAWN]


def test_a_withdrawal_stands_after_a_topic_unknown_to_it_was_left(person: Person) -> None:
    topics.add("events", "events", "Шаралар", "События", "Events")
    db.session.commit()
    person.leave(kind=Kind.WITHDRAWN)
    person.one_click("events")
    person.leave()
    assert {person.standing(slug) for slug in ("news", "offers", "notices")} == {"withdrawn"}
    assert person.said()[-2:] == ["withdrawn all", "unsubscribed events"]


def test_a_withdrawal_through_a_link_to_one_topic_ends_everything(person: Person) -> None:
    receipt = person.leave(Scope.of_topics(topics.find("news").id), Kind.WITHDRAWN)
    assert receipt.topic == "all"
    assert person.standing("offers") == "withdrawn"


def test_nothing_that_comes_as_a_leaving_can_say_yes(person: Person) -> None:
    for kind in set(Kind) - {Kind.UNSUBSCRIBED, Kind.WITHDRAWN, Kind.BLOCKED}:
        with pytest.raises(ValueError, match="no leaving"):
            Leaving(person.id, Scope.everything(), kind)


def test_a_block_holds_without_touching_what_was_said(person: Person) -> None:
    person.leave(kind=Kind.BLOCKED)
    assert person.row.blocked_at is not None
    assert person.standing("news") == "given"
    assert not person.undo("news")


def test_what_waits_is_held_at_once_and_what_is_open_aborted(person: Person) -> None:
    """T1, T2, T5."""
    number = road.campaign("news")
    road.start(number)
    road.write_out()
    for state, after in (("pending", "held"), ("deferred", "held"), ("claimed", "held")):
        _put(state)
        person.one_click("news")
        assert states() == [(after, "unsubscribed")]
        person.undo("news")
    _put("open")
    assert person.one_click("news").in_flight == []
    assert states() == [("aborting", "unsubscribed")]


def test_what_the_peer_already_has_is_named_and_nothing_else(person: Person) -> None:
    number = road.campaign("news")
    road.start(number)
    road.write_out()
    _put("sealed")
    (named,) = person.one_click("news").in_flight
    assert named["message_id"].partition("@")[0] in {row.hex for row in _ids()}
    assert person.leave(Scope.of_topics(topics.find("offers").id)).in_flight == []


def _ids() -> list[UUID]:
    query = "SELECT id FROM deliveries WHERE campaign_id IS NOT NULL"
    return list(db.session.scalars(text(query)))


def _put(state: str) -> None:
    db.session.execute(
        text(
            "UPDATE deliveries SET state = :state, owner = gen_random_uuid(), reason = NULL, "
            "retry_at = now(), sealed_at = now() WHERE campaign_id IS NOT NULL"
        ),
        {"state": state},
    )
    db.session.commit()


def test_a_notice_waits_for_nobody_who_has_no_topic_left(person: Person) -> None:
    db.session.execute(
        text(
            "INSERT INTO campaigns (kind, topic_id, policy_id, state, language, created_by, "
            "created_at, audience) SELECT 'notice', t.id, :policy, 'sending', 'kk', 'test', "
            "now(), 1 FROM topics t WHERE t.slug = 'notices'"
        ),
        {"policy": person.policy_id},
    )
    db.session.execute(
        text(
            "INSERT INTO deliveries (kind, campaign_id, batch_id, subscriber_id, topic_id) "
            "SELECT 'notice', c.id, 0, :person, c.topic_id FROM campaigns c"
        ),
        {"person": person.id},
    )
    db.session.commit()
    person.one_click("news")
    assert states() == [("pending", None)]
    person.one_click("offers")
    assert states() == [("held", "no_topic_left")]


@pytest.mark.parametrize("topic", ["news", "notices"])
def test_a_leaving_is_taken_back_within_a_day_and_not_after(person: Person, topic: str) -> None:
    """T34, and the notices too, which nobody ever asked for by name."""
    person.one_click(topic)
    view = links.look(person.link(topic))
    assert view is not None
    assert (view.is_subscribed, view.can_undo) == (False, True)
    later = clock.now() + timedelta(hours=24, seconds=1)
    with clock.use(lambda: later):
        assert not person.undo(topic)
    assert person.undo(topic)
    assert not person.undo(topic)
    assert person.said()[-2:] == [f"unsubscribed {topic}", f"restored {topic}"]
    assert list(ledger.verify()) == []


def test_the_page_of_a_notice_offers_the_way_out(person: Person) -> None:
    view = links.look(person.link("notices"))
    assert view is not None
    assert view.is_subscribed
    person.one_click("notices")
    view = links.look(person.link("notices"))
    assert view is not None
    assert not view.is_subscribed


def test_an_undo_makes_no_yes_out_of_nothing(policy: PolicyVersion) -> None:
    person = Person(policy)
    person.ask("news")
    person.one_click("news")
    assert not person.undo("news")
    assert not person.undo("notices")
    assert person.standing("news") == "unsubscribed"


def test_leaving_everything_is_not_undone_by_one_topics_link(person: Person) -> None:
    person.leave()
    assert not person.undo("news")


def test_two_who_leave_at_once_say_it_once(app: Flask, person: Person) -> None:
    link = person.link("news")
    receipts = at_once(app, *[lambda: links.by_token(link, 0)] * 6)
    assert len({receipt.id for receipt in receipts}) == 1
    assert person.said().count("unsubscribed news") == 1
    assert list(ledger.verify()) == []


def test_both_topics_left_at_once_leave_no_notice_waiting(app: Flask, person: Person) -> None:
    links_out = [person.link("news"), person.link("offers")]
    at_once(app, *[lambda link=link: links.by_token(link, 0) for link in links_out])
    assert (person.standing("news"), person.standing("offers")) == ("unsubscribed",) * 2


@pytest.mark.parametrize("turn", range(4))
def test_leaving_and_confirming_at_once_end_in_a_no(
    app: Flask, policy: PolicyVersion, turn: int
) -> None:
    person = Person(policy)
    person.ask("news")
    optin = newest_request()
    token, subscriber = token_of(optin, "cancel"), optin.subscriber_id
    db.session.commit()
    pressed = at_once(
        app,
        lambda: person.confirm(optin),
        lambda: leave(Leaving(subscriber, Scope.everything(), patience=0)),
        lambda: links.by_token(token, 0),
    )
    # Whoever was first: the no came after the question, so it has the last word.
    assert pressed[0] in ("confirmed", "cancelled")
    assert person.standing("news") == "unsubscribed"
    assert list(ledger.verify()) == []


def test_leaving_and_undoing_at_once_agree_with_the_ledger(app: Flask, person: Person) -> None:
    person.one_click("news")
    link = person.link("news")
    at_once(
        app, lambda: links.undo(link), lambda: links.by_token(link, 0), lambda: links.undo(link)
    )
    last = [said for said in person.said() if said.endswith("news")][-1]
    assert (
        person.standing("news")
        == {"unsubscribed": "unsubscribed", "restored": "given"}[last.partition(" ")[0]]
    )
    assert list(ledger.verify()) == []


def test_leaving_while_a_campaign_starts_is_seen_by_one_or_the_other(
    app: Flask, policy: PolicyVersion, person: Person
) -> None:
    # Somebody else stays: a campaign that nobody would receive does not start.
    (stays,) = road.subscribe(policy, 1)
    number, link = road.campaign("news"), person.link("news")

    def start() -> None:
        road.start(number)
        road.write_out()
        db.session.commit()

    at_once(app, start, lambda: links.by_token(link, 0))
    assert states(stays) == [("pending", None)]
    assert states(person.id) in ([], [("pending", None)], [("held", "unsubscribed")])
    assert person.standing("news") == "unsubscribed"


def test_nobody_is_unsubscribed_by_a_link_that_is_not_ours(person: Person) -> None:
    before = person.said()
    assert links.by_token("x" * 70, 0) is None
    assert links.look("") is None
    assert not links.undo("x")
    assert person.said() == before


def test_a_database_that_is_away_leaves_a_line_that_is_applied_once(
    environment: dict[str, str], app: Flask, person: Person
) -> None:
    link, settings = person.link("news"), current()
    db.session.commit()
    before = person.said()
    with elsewhere(database_url=NOWHERE), pytest.raises(Unavailable, match="written down"):
        links.by_token(link, 0)
    assert person.said() == before
    assert len((settings.journal / "withdrawals.jsonl").read_text().splitlines()) >= 1
    assert [replay.run(), replay.run()] == [1, 0]
    assert person.said() == [*before, "unsubscribed news"]


def test_without_a_usable_journal_the_no_holds_and_is_not_called_done(
    settings: Settings, app: Flask, person: Person
) -> None:
    """A full disk, a directory that is gone."""
    link = person.link("news")
    (settings.journal / "withdrawals.jsonl").unlink()
    with pytest.raises(Unavailable, match="our journal cannot be written"):
        links.by_token(link, 0)
    assert person.standing("news") == "unsubscribed"
    with elsewhere(database_url=NOWHERE), pytest.raises(Unavailable, match="Neither"):
        links.by_token(link, 0)


def test_a_disk_that_is_full_keeps_the_no_in_the_database(
    settings: Settings, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.one_click("offers")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(Unavailable, match="our journal cannot be written"):
            person.one_click("news")
    assert person.standing("news") == "unsubscribed"
    replay.run()
    assert person.said().count("unsubscribed news") == 1


@pytest.mark.parametrize(
    ("state", "sealed", "named"),
    [
        ("uncertain", "1 minute", True),
        ("uncertain", "11 minutes", False),
        ("accepted", "1 minute", False),
    ],
)
def test_what_may_still_arrive_is_named_though_nobody_waits_for_it(
    person: Person, state: str, sealed: str, named: bool
) -> None:
    """A dot may leave the kernel after its process was killed, and after our answer."""
    road.start(road.campaign("news"))
    road.write_out()
    _put(state)
    db.session.execute(
        text(
            "UPDATE deliveries SET sealed_at = now() - CAST(:ago AS interval), "
            "opened_at = now() - CAST(:ago AS interval) WHERE campaign_id IS NOT NULL"
        ),
        {"ago": sealed},
    )
    db.session.commit()
    assert bool(person.one_click("news").in_flight) is named
