"""The audience: everybody considered stands in exactly one line, before the start and after it."""

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.campaigns import audience, campaigns
from mailing.policies.versions import PolicyVersion
from tests import road


@pytest.fixture
def policy(app: Flask) -> PolicyVersion:
    return road.lay()


def lines(number: int) -> list[tuple[str, str | None]]:
    return sorted(audience.people(campaigns.find(number), None), key=str)


def test_every_considered_person_has_one_line_and_the_counts_are_their_sum(
    policy: PolicyVersion,
) -> None:
    """T52."""
    people = road.subscribe(policy, 2500)
    road.subscribe(policy, 10, "offers", first=5000)
    db.session.execute(
        text("UPDATE subscribers SET blocked_at = now() WHERE id = ANY (:ids)"),
        {"ids": people[:1100]},
    )
    db.session.commit()
    number = road.campaign("news")
    before = lines(number)
    counted = audience.count(campaigns.find(number))
    assert (counted.considered, counted.will_receive) == (2500, 1400)
    assert counted.held == {"blocked": 1100}
    assert len({email for email, _ in before}) == len(before) == 2500
    frozen = audience.snapshot(campaigns.find(number))
    db.session.commit()
    assert frozen == counted == audience.count(campaigns.find(number))
    assert lines(number) == before
    for reason, expected in (("blocked", 1100), ("will_receive", 1400), ("withdrawn", 0)):
        assert len(list(audience.people(campaigns.find(number), reason))) == expected


def test_the_frozen_chunks_hold_each_person_once(policy: PolicyVersion) -> None:
    people = road.subscribe(policy, 2001)
    number = road.campaign("news")
    audience.snapshot(campaigns.find(number))
    chunks = db.session.execute(
        text("SELECT number, cardinality(subscriber_ids) FROM audience_chunks ORDER BY number")
    ).all()
    assert [tuple(chunk) for chunk in chunks] == [(n, 500) for n in range(1, 5)] + [(5, 1)]
    written = list(db.session.scalars(text("SELECT unnest(subscriber_ids) FROM audience_chunks")))
    assert sorted(map(str, written)) == sorted(map(str, people))


def test_nobody_to_write_to_is_an_audience_of_none(policy: PolicyVersion) -> None:
    number = road.campaign("news")
    assert audience.snapshot(campaigns.find(number)) == audience.Audience(0, 0, {})
    assert lines(number) == []


def test_a_person_destroyed_since_keeps_their_line_without_an_address(
    policy: PolicyVersion,
) -> None:
    road.subscribe(policy, 1)
    number = road.campaign("news")
    audience.snapshot(campaigns.find(number))
    db.session.execute(text("UPDATE subscribers SET personal = NULL"))
    db.session.commit()
    assert lines(number) == [("", None)]
