"""The ledger's lines: sets, not only counts, at every moment, for audiences drawn by chance."""

import random
from collections import Counter
from collections.abc import Iterable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.campaigns import audience, campaigns, segments, sentences
from mailing.deliveries import halting, lines, status
from mailing.deliveries.lines import Line
from mailing.deliveries.results import Ending, Result
from mailing.leaving import replay
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people.ledger import Kind
from mailing.people.suppression import Why, suppress
from tests import road
from tests.deliveries.conftest import Sender

PEOPLE = 60
# Asked in another way than the audience asks: one condition beside the other, no first reason.
MAY_BE_WRITTEN_TO = """
    SELECT s.id FROM subscribers s
    WHERE s.blocked_at IS NULL AND s.personal IS NOT NULL AND s.language = ANY (:languages)
      AND coalesce(s.paused_until, '-infinity') <= now()
      AND s.digest NOT IN (SELECT digest FROM suppressions)
      AND EXISTS (SELECT FROM standings o JOIN topics t ON t.id = o.topic_id
                  WHERE o.subscriber_id = s.id AND t.slug = 'news' AND o.standing = 'given')
"""
OF_THE_TOPIC = """
    SELECT s.id FROM subscribers s JOIN standings o ON o.subscriber_id = s.id
    JOIN topics t ON t.id = o.topic_id WHERE t.slug = 'news' AND s.language = ANY (:languages)
"""


def put(ids: Iterable[UUID], assignment: str) -> None:
    query = f"UPDATE subscribers SET {assignment} WHERE id = ANY (:ids)"  # noqa: S608
    db.session.execute(text(query), {"ids": list(ids)})


def populate(chance: random.Random) -> list[UUID]:
    """People of whom some may be written to, and the others not, for reasons that overlap."""
    replay.run()
    policy = road.lay()
    people = road.subscribe(policy, PEOPLE)
    road.subscribe(policy, 5, "offers", first=PEOPLE)

    def some() -> list[UUID]:
        return chance.sample(people, chance.randrange(PEOPLE // 6))

    put(some(), "blocked_at = now()")
    put(some(), "paused_until = now() + interval '1 day'")
    put(some(), "paused_until = now() - interval '1 day'")
    put(some(), "language = 'ru'")
    put(some(), "language = 'en'")
    for why in (Why.STAFF, Why.BOUNCE, Why.COMPLAINT):
        for digest in digests(some()):
            suppress(digest, why)
    db.session.commit()
    for person in some():
        go(person, Kind.UNSUBSCRIBED)
    for person in some()[:3]:
        go(person, Kind.WITHDRAWN)
    return people


def digests(ids: list[UUID]) -> list[bytes]:
    query = text("SELECT digest FROM subscribers WHERE id = ANY (:ids)")
    return list(db.session.scalars(query, {"ids": ids}))


def go(person: UUID, kind: Kind = Kind.UNSUBSCRIBED) -> None:
    leave(Leaving(person, Scope.everything(), kind, "page", patience=0))


def addresses(query: str, languages: list[str]) -> set[str]:
    """The same people by their addresses, which in these tests are numbered as they are."""
    ids = set(db.session.scalars(text(query), {"languages": languages}))
    return {address for person, address in NAMES.items() if person in ids}


NAMES: dict[UUID, str] = {}


def whole(number: int) -> list[Line]:
    """Every line, after checking that each person is in one and that they add up."""
    campaign = campaigns.find(number)
    found = list(lines.of(campaign))
    named = [one.address for one in found if one.address]
    assert len(set(named)) == len(named), "somebody is in two lines"
    counted = audience.count(campaign)
    assert len(found) == counted.considered
    if campaign.audience is None:
        reasons = Counter(one.reason for one in found)
        assert reasons.pop(None, 0) == counted.will_receive
        assert dict(reasons) == counted.held
    else:
        _add_up(number, found)
    for outcome in {one.outcome for one in found}:
        of_one = sorted(one.address for one in found if one.outcome == outcome)
        assert sorted(one.address for one in lines.of(campaign, outcome)) == of_one
    return found


def _add_up(number: int, found: list[Line]) -> None:
    """The lines of those who were to receive it are the status of the campaign, to the letter."""
    told = status.status(number)["outcomes"]
    start = campaigns.find(number).held_at_start
    held = Counter(one.reason for one in found if one.outcome == "held")
    held.subtract(start)
    assert {reason: n for reason, n in held.items() if n} == told.pop("held")
    others = Counter(one.outcome for one in found if one.outcome != "held")
    assert {name: n for name, n in told.items() if n} == dict(others)


@pytest.fixture(params=range(4))
def chance(request: pytest.FixtureRequest) -> random.Random:
    return random.Random(request.param)


def test_lines_are_the_sets_of_an_independent_query_before_during_and_after(
    app: Flask, sender: Sender, chance: random.Random
) -> None:
    """T52: what is shown, what another query finds, and what is handed over are the same sets."""
    people = populate(chance)
    NAMES.clear()
    NAMES.update({person: road.address(n) for n, person in enumerate(people)})
    number, languages = road.campaign(), ["kk", "ru", "en"]
    if chance.random() < 0.5:
        languages = ["kk"]
        said = {"about": "language", "how": "one_of", "values": languages}
        made = segments.save("Қазақша", sentences.read({"sentences": [said]}), road.ACTOR)
        campaigns.narrow(number, made, road.ACTOR)
        db.session.commit()
    before = whole(number)
    expected = addresses(MAY_BE_WRITTEN_TO, languages)
    assert {one.address for one in before if one.outcome == "will_receive"} == expected
    considered = addresses(OF_THE_TOPIC, languages)
    assert {one.address for one in before} - {""} <= considered
    assert len(before) == len(considered)
    road.start(number)
    whole(number)
    reached = _send_while_people_leave(sender, chance, number, people)
    after = whole(number)
    assert {one.address for one in after if one.outcome == "accepted"} == reached
    assert reached <= expected
    left = {one.address for one in after if one.reason == "unsubscribed"}
    assert not left & reached


def _send_while_people_leave(
    sender: Sender, chance: random.Random, number: int, people: list[UUID]
) -> set[str]:
    """Who was handed over; whoever left before their turn was not."""
    reached: set[str] = set()
    while True:
        go(chance.choice(people))
        passed = sender.ask(sender.claim(7))
        # Not the person who was just asked about, whose leaving waits for the relay's answer.
        whole(number)
        if not passed:
            break
        sealed = sender.seal(passed)
        done = [one for one in passed if one.permit.delivery_id in sealed]
        reached |= {one.fields["email"] for one in done}
        told = [
            Result(one.permit.delivery_id, one.permit.fence, Ending.ACCEPTED, one.attempts)
            for one in done
        ]
        sender.ask([], *told)
    return reached


def test_what_a_stop_keeps_back_is_held_from_that_moment(app: Flask, sender: Sender) -> None:
    road.subscribe(road.lay(), 9)
    number = road.campaign()
    road.start(number)
    sender.claim(4)
    halting.stop(number, road.ACTOR)
    db.session.commit()
    found = whole(number)
    assert Counter((one.outcome, one.reason) for one in found) == {("held", "campaign_stopped"): 9}
    halting.close_stopped()
    db.session.commit()
    assert [one.outcome for one in whole(number)] == ["held"] * 9


def test_a_person_destroyed_since_keeps_a_line_without_an_address(app: Flask) -> None:
    road.subscribe(road.lay(), 2)
    number = road.campaign()
    road.start(number)
    db.session.execute(text("UPDATE subscribers SET personal = NULL"))
    db.session.commit()
    assert [one.address for one in whole(number)] == ["", ""]
