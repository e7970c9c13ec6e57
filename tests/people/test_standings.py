"""A standing is what the last entry says; asking is neither a yes nor a no."""

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from mailing.base import clock
from mailing.base.database import db
from mailing.people import ledger, standings, topics
from mailing.people.ledger import Kind, NewEntry
from mailing.people.standings import Said
from mailing.policies.versions import PolicyVersion
from tests import road


@pytest.fixture
def policy(app: Flask) -> PolicyVersion:
    return road.lay()


@pytest.fixture
def person(policy: PolicyVersion) -> UUID:
    """Somebody with a yes to the offers."""
    (found,) = road.subscribe(policy, 1, "offers")
    return found


def said(person: UUID, policy: PolicyVersion, *kinds: Kind, topic: str | None = "news") -> None:
    topic_id = topics.find(topic).id if topic else None
    ledger.append_many(
        [NewEntry(person, kind, topic_id, policy.id, "form", "test") for kind in kinds]
    )


@pytest.mark.parametrize(
    ("kinds", "standing", "refused"),
    [
        ([Kind.REQUESTED], Said.REQUESTED, False),
        ([Kind.REQUESTED, Kind.GIVEN], Said.GIVEN, False),
        ([Kind.ATTESTED], Said.GIVEN, False),
        ([Kind.GIVEN, Kind.UNSUBSCRIBED], Said.UNSUBSCRIBED, True),
        ([Kind.GIVEN, Kind.UNSUBSCRIBED, Kind.REQUESTED], Said.REQUESTED, True),
        ([Kind.GIVEN, Kind.UNSUBSCRIBED, Kind.REQUESTED, Kind.REQUESTED], Said.REQUESTED, True),
        ([Kind.GIVEN, Kind.UNSUBSCRIBED, Kind.RESTORED], Said.GIVEN, False),
        ([Kind.UNSUBSCRIBED, Kind.REQUESTED, Kind.GIVEN], Said.GIVEN, False),
        ([Kind.GIVEN, Kind.REQUESTED], Said.REQUESTED, False),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_the_last_entry_is_the_standing(
    policy: PolicyVersion, person: UUID, kinds: list[Kind], standing: Said, refused: bool
) -> None:
    for at_once in (True, False):
        topic = "news" if at_once else "offers"
        for step in [kinds] if at_once else [[kind] for kind in kinds]:
            said(person, policy, *step, topic=topic)
    for topic in ("news", "offers"):
        row = standings.of(person)[topics.find(topic).id]
        assert (row.standing, row.refused) == (standing, refused), topic


def test_quarantine_never_touches_what_somebody_has_said(
    policy: PolicyVersion, person: UUID
) -> None:
    offers = topics.find("offers").id
    standings.quarantine(person, offers, clock.now())
    row = standings.of(person)[offers]
    assert (row.standing, row.quarantined) == (Said.GIVEN, False)


def test_a_yes_ends_quarantine_and_the_database_holds_no_both(
    policy: PolicyVersion, person: UUID
) -> None:
    news = topics.find("news").id
    standings.quarantine(person, news, clock.now())
    assert standings.of(person)[news].quarantined
    with pytest.raises(IntegrityError, match="quarantine_is_no_standing"):
        db.session.execute(text("UPDATE standings SET standing = 'given', quarantined = true"))
    db.session.rollback()
    standings.quarantine(person, news, clock.now())
    said(person, policy, Kind.GIVEN)
    assert not standings.of(person)[news].quarantined


@pytest.mark.parametrize("last", [Kind.UNSUBSCRIBED, Kind.WITHDRAWN, Kind.DESTROYED])
def test_a_no_to_everything_covers_what_was_said_in_the_same_breath(
    policy: PolicyVersion, person: UUID, last: Kind
) -> None:
    """A batch of entries is projected as if each had come alone."""
    news = topics.find("news").id
    ledger.append_many(
        [
            NewEntry(person, Kind.GIVEN, news, policy.id, "form", "test"),
            NewEntry(person, last, None, None, "page", "test"),
        ]
    )
    held = standings.of(person)
    assert {row.standing for row in held.values()} == {ledger.SAYS[last].value}
    assert len(held) == 3
    assert all(row.of_everything and row.refused for row in held.values())


def test_a_yes_after_everything_is_a_yes_to_its_topic_alone(
    policy: PolicyVersion, person: UUID
) -> None:
    said(person, policy, Kind.UNSUBSCRIBED, topic=None)
    said(person, policy, Kind.GIVEN)
    slugs = {topic.id: topic.slug for topic in topics.all_topics()}
    assert {slugs[i]: row.standing for i, row in standings.of(person).items()} == {
        "news": "given",
        "offers": "unsubscribed",
        "notices": "unsubscribed",
    }


def test_lifting_a_block_says_yes_to_nothing(policy: PolicyVersion, person: UUID) -> None:
    said(person, policy, Kind.UNSUBSCRIBED, topic="offers")
    said(person, policy, Kind.BLOCKED, topic=None)
    said(person, policy, Kind.RESTORED, topic=None)
    assert standings.of(person)[topics.find("offers").id].standing == Said.UNSUBSCRIBED
