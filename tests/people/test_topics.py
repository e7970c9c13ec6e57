"""Topics: each serves one purpose that a policy declares (policy 4.1)."""

from datetime import date

import pytest
from flask import Flask

from mailing.base.errors import Conflict, Invalid, Missing
from mailing.base.languages import speaking
from mailing.people import topics
from mailing.people.topics import Frequency, Promise
from mailing.policies.versions import NewText, import_text

NAMES = ("Оқиғалар", "События", "Events")


@pytest.fixture(autouse=True)
def _policy(app: Flask) -> None:
    import_text(b"the policy", NewText("kk", date(2024, 10, 1)))


def test_a_topic_is_added_once_and_found_by_its_slug() -> None:
    added = topics.add("events", "events", *NAMES)
    assert topics.add("events", "events", *NAMES) is added
    assert topics.find("events") is added
    assert [topic.slug for topic in topics.all_topics()] == ["notices", "events"]


def test_a_topic_has_a_name_in_each_language() -> None:
    added = topics.add("events", "events", *NAMES)
    assert tuple(topics.name_in(added, language) for language in ("kk", "ru", "en")) == NAMES


def test_a_purpose_that_no_policy_declares_is_refused_and_the_declared_are_named() -> None:
    with pytest.raises(Invalid, match="events, products_services, special_offers"):
        topics.add("surveys", "surveys", *NAMES)


def test_a_slug_in_use_for_something_else_is_a_conflict() -> None:
    topics.add("events", "events", *NAMES)
    with pytest.raises(Conflict):
        topics.add("events", "special_offers", *NAMES)
    with pytest.raises(Conflict):
        topics.add("events", "events", "Оқиғалар", "События", "Happenings")


@pytest.mark.parametrize(
    "slug", ["", "-a", "A", "a_b", "a b", "a\n", "әліпби", "a" * 64, "notices"]
)
def test_a_slug_that_cannot_be_is_refused(slug: str) -> None:
    with pytest.raises(Invalid):
        topics.add(slug, "events", *NAMES)


@pytest.mark.parametrize("name", ["", " ", "Events\r\nBcc: all@example.com", "a" * 201])
def test_a_name_that_cannot_stand_in_a_header_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        topics.add("events", "events", "Оқиғалар", "События", name)


def test_a_topic_that_is_not_there_is_missing() -> None:
    with pytest.raises(Missing, match="events"):
        topics.find("events")


def test_readers_are_told_what_a_topic_brings_and_how_often() -> None:
    added = topics.add("events", "events", *NAMES)
    assert (topics.about_in(added, "en"), topics.frequency_text(added)) == ("", "")
    topics.describe(added, Promise({"en": "Readings and talks."}, Frequency.MONTHLY))
    assert topics.about_in(added, "en") == "Readings and talks."
    assert topics.about_in(added, "kk") == ""
    with speaking("en"):
        assert topics.frequency_text(added) == "at most once a month"


def test_what_is_said_of_a_topic_can_be_taken_back_and_is_one_line_in_a_language_of_ours() -> None:
    added = topics.add("events", "events", *NAMES)
    topics.describe(added, Promise({"en": "Readings.", "kk": "Оқулар."}, Frequency.DAILY))
    topics.describe(added, Promise({"en": ""}))
    assert (added.about, added.frequency) == ({"kk": "Оқулар."}, None)
    with pytest.raises(Invalid):
        topics.describe(added, Promise({"en": "two\nlines"}))
    with pytest.raises(Invalid):
        topics.describe(added, Promise({"de": "Lesungen."}))
