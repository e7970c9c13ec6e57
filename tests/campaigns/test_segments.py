"""Segments: sentences that choose people, checked as data, and frozen when a campaign is let go."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.base.languages import speaking
from mailing.campaigns import audience, campaigns, segments, sentences
from mailing.campaigns.audience import Audience
from mailing.deliveries import dispatch, why
from mailing.people import topics
from mailing.policies.versions import PolicyVersion
from tests import road


def says(*said: tuple[str, str, list[str]], match: str = "all") -> sentences.Conditions:
    """Conditions from `(about, how, values)`."""
    listed = [{"about": about, "how": how, "values": values} for about, how, values in said]
    return sentences.read({"match": match, "sentences": listed})


@pytest.fixture
def policy(app: Flask) -> PolicyVersion:
    return road.lay()


@pytest.fixture
def people(policy: PolicyVersion) -> list[UUID]:
    """Ten people of the topic news; what differs is set by each test."""
    return road.subscribe(policy, 10)


def put(ids: list[UUID], assignments: str, table: str = "subscribers", key: str = "id") -> None:
    query = f"UPDATE {table} SET {assignments} WHERE {key} = ANY (:ids)"  # noqa: S608
    db.session.execute(text(query), {"ids": ids})
    db.session.commit()


def chosen(conditions: sentences.Conditions) -> set[UUID]:
    """Who of the topic news is considered."""
    number = road.campaign()
    made = segments.save(f"Кесім {number}", conditions, road.ACTOR)
    campaigns.narrow(number, made, road.ACTOR)
    counted = audience.count(campaigns.find(number))
    found = set(audience.some(campaigns.find(number), 1000))
    assert counted == Audience(len(found), len(found), {})
    assert audience.count_in(topics.find("news").id, conditions) == counted
    return found


def test_language_and_provider_choose_by_one_of_and_none_of(people: list[UUID]) -> None:
    put(people[:3], "language = 'ru'")
    put(people[2:5], "provider = 'mail.example'")
    russian = ("language", "one_of", ["ru"])
    at_mail = ("provider", "one_of", ["Mail.Example ", "other.example"])
    assert chosen(says(russian)) == set(people[:3])
    assert chosen(says(("language", "none_of", ["ru"]))) == set(people[3:])
    assert chosen(says(at_mail)) == set(people[2:5])
    assert chosen(says(("provider", "none_of", ["mail.example"]))) == {*people[:2], *people[5:]}
    assert chosen(says(russian, at_mail)) == {people[2]}
    assert chosen(says(russian, at_mail, match="any")) == set(people[:5])


def test_a_yes_to_another_topic_chooses(policy: PolicyVersion, people: list[UUID]) -> None:
    road.say_yes(policy, people[4:7], "offers")
    put(people[6:7], "standing = 'unsubscribed'", "standings", "topic_id <> 0 AND subscriber_id")
    db.session.execute(text("UPDATE standings SET standing = 'given' WHERE topic_id = 2"))
    found = says(("topic", "one_of", ["offers"]))
    assert chosen(found) == set(people[4:6]), "whoever left the other topic has said no to it"
    assert chosen(says(("topic", "none_of", ["offers"]))) == set(people) - set(people[4:6])


@pytest.mark.parametrize(
    ("how", "value", "wanted"),
    [
        ("since", "2020-03-12", slice(2, 10)),
        ("before", "2020-03-12", slice(0, 2)),
        ("within", "30", slice(4, 10)),
        ("longer", "30", slice(0, 4)),
    ],
)
def test_when_somebody_joined_counts_in_the_operators_zone(
    people: list[UUID], how: str, value: str, wanted: slice
) -> None:
    by = ("standings", "subscriber_id")
    put(people[:2], "signed_up_at = '2020-03-11T17:59:59Z'", *by)
    put(people[2:4], "signed_up_at = '2020-03-11T18:00:00Z'", *by)
    put(people[4:], "signed_up_at = now() - interval '29 days'", *by)
    assert chosen(says(("joined", how, [value]))) == set(people[wanted])


def test_campaigns_received_are_those_that_a_relay_accepted(people: list[UUID]) -> None:
    number = road.campaign()
    road.start(number)
    road.write_out()
    by = ("deliveries", "subscriber_id")
    put(people[:4], "state = 'accepted', finished_at = now() - interval '10 days'", *by)
    put(people[4:6], "state = 'refused', finished_at = now()", *by)
    got = set(people[:4])
    assert chosen(says(("received", "campaign", [str(number)]))) == got
    assert chosen(says(("received", "not_campaign", [str(number)]))) == set(people) - got
    assert chosen(says(("received", "within", ["11"]))) == got
    assert chosen(says(("received", "within", ["9"]))) == set()
    assert chosen(says(("received", "none_within", ["11"]))) == set(people) - got


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (None, "0"),
        ([], "0"),
        ({"match": "all", "sentences": []}, "0"),
        ({"match": "most", "sentences": [{"about": "language", "how": "one_of"}]}, "match"),
        ([("language", "one_of", ["xx"])], "0"),
        ([("language", "one_of", [])], "0"),
        ([("language", "is", ["kk"])], "0"),
        ([("age", "over", ["18"])], "0"),
        ([("language", "one_of", ["kk"]), ("provider", "one_of", ["a b.example"])], "1"),
        ([("provider", "one_of", ["'; DROP TABLE subscribers; --"])], "0"),
        ([("provider", "one_of", ["."])], "0"),
        ([("provider", "one_of", [f"d{n}.example" for n in range(51)])], "0"),
        ([("topic", "one_of", ["news' OR '1'='1"])], "0"),
        ([("joined", "since", ["yesterday"])], "0"),
        ([("joined", "since", ["2026-03-12", "2026-03-13"])], "0"),
        ([("joined", "since", ["0001-01-01"])], "0"),
        ([("joined", "within", ["0"])], "0"),
        ([("joined", "within", ["-1"])], "0"),
        ([("joined", "within", ["99999"])], "0"),
        ([("received", "campaign", ["2147483648"])], "0"),
        ([("received", "campaign", ["1; DELETE"])], "0"),
        ([("language", "one_of", [1])], "0"),
        ([("language", "one_of", "kk")], "0"),
        ([("language", "one_of", ["kk"])] * 13, "0"),
    ],
)
def test_what_is_no_known_sentence_is_refused_where_it_stands(
    app: Flask, said: Any, field: str
) -> None:
    data = said
    if isinstance(said, list):
        named = ("about", "how", "values")
        data = {"sentences": [dict(zip(named, one, strict=True)) for one in said]}
    with pytest.raises(Invalid) as refused:
        sentences.read(data)
    assert refused.value.field == field


def test_data_comes_back_as_it_was_said(app: Flask) -> None:
    said = says(("provider", "one_of", ["пошта.example", "b.example"]), match="any")
    assert said.sentences[0].values == ("b.example", "xn--80a1acn3a.example")
    assert sentences.read(said.as_data()) == said


@pytest.fixture
def narrowed(people: list[UUID]) -> int:
    """A draft to the three of ten who read Russian."""
    put(people[:3], "language = 'ru'")
    made = segments.save("Орысша", says(("language", "one_of", ["ru"])), road.ACTOR)
    number = road.campaign()
    campaigns.narrow(number, made, road.ACTOR)
    db.session.commit()
    return number


def widen() -> None:
    """Let the saved segment mean everybody but nobody."""
    made = segments.everyone()[0]
    segments.change(made, made.name, says(("language", "none_of", ["ru"])), road.ACTOR)
    db.session.commit()


def test_a_segment_changed_after_the_button_changes_nothing_let_go(
    narrowed: int, people: list[UUID]
) -> None:
    dispatch.start(narrowed, road.ACTOR, expect=3)
    db.session.commit()
    widen()
    later = clock.now() + timedelta(minutes=3)
    with clock.use(lambda: later):
        assert dispatch.release_due() == [narrowed]
    db.session.commit()
    frozen = db.session.scalars(text("SELECT unnest(subscriber_ids) FROM audience_chunks"))
    assert set(frozen) == set(people[:3])
    widen()
    assert audience.count(campaigns.find(narrowed)) == Audience(3, 3, {})


def test_a_draft_called_back_follows_its_saved_segment_again(narrowed: int) -> None:
    dispatch.start(narrowed, road.ACTOR)
    widen()
    assert audience.count(campaigns.find(narrowed)).considered == 3
    dispatch.hold(narrowed, road.ACTOR)
    db.session.commit()
    assert audience.count(campaigns.find(narrowed)).considered == 7


def test_whoever_is_outside_the_segment_is_told_so(narrowed: int) -> None:
    explained = why.why(road.address(5), narrowed)
    assert (explained.outcome, explained.reason) == ("not_considered", "outside_segment")
    assert why.why(road.address(1), narrowed).outcome == "will_receive"
    dispatch.start(narrowed, road.ACTOR, now=True)
    assert why.why(road.address(5), narrowed).reason == "outside_segment"


def test_a_copy_goes_to_the_same_segment_and_a_retired_one_is_not_offered(narrowed: int) -> None:
    copy = campaigns.duplicate(campaigns.find(narrowed), road.ACTOR)
    made = segments.everyone()[0]
    segments.retire(made, road.ACTOR)
    assert audience.count(copy).considered == 3
    assert segments.offered() == []
    segments.restore(made, road.ACTOR)
    assert segments.offered() == [made]


def test_a_name_is_used_once_and_only_drafts_are_narrowed(narrowed: int) -> None:
    with pytest.raises(Conflict, match="of this name"), speaking("en"):
        segments.save("Орысша", says(("language", "one_of", ["ru"])), road.ACTOR)
    for name in ("", " ", "я" * 81, "a\nb"):
        with pytest.raises(Invalid):
            segments.save(name, says(("language", "one_of", ["ru"])), road.ACTOR)
    road.start(narrowed)
    with pytest.raises(Conflict, match="only a draft"):
        campaigns.narrow(narrowed, None, road.ACTOR)
