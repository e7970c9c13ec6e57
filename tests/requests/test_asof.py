"""Evidence as of a date (T55): when that campaign was sent, consent stood like this."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Invalid, Missing
from mailing.base.languages import speaking
from mailing.people import ledger, stood, topics
from mailing.people.ledger import Kind, NewEntry
from mailing.requests import asof
from tests import road
from tests.person import Person

ZONE = "Asia/Almaty"
ONE_DATABASE = [HealthCheck.function_scoped_fixture]
BEGUN = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def person(app: Flask) -> Person:
    found = Person(road.lay())
    found.say_yes("news", "offers")
    return found


def sent(person: Person, state: str = "accepted", reason: str | None = None) -> int:
    """A campaign to the news that was handed over, or kept from somebody, just now."""
    number = road.campaign("news")
    values = {"id": uuid4(), "campaign": number, "person": person.id, "state": state}
    values |= {"topic": topics.find("news").id, "reason": reason, "now": clock.now()}
    values["entry"] = ledger.history(person.id)[-1].id
    db.session.execute(text(_SENT), values)
    db.session.commit()
    return number


_SENT = """
    INSERT INTO deliveries (id, kind, batch_id, campaign_id, subscriber_id, topic_id, state, reason,
                            sealed_at, finished_at, allowed_by)
    VALUES (:id, 'campaign', 0, :campaign, :person, :topic, :state, :reason,
            CASE WHEN :state = 'accepted' THEN CAST(:now AS timestamptz) END, :now, :entry)
"""


def told(person: Person, campaign: int) -> list[str]:
    with speaking("en"):
        return asof.of(person.address, campaign_id=campaign).sentences(ZONE)


def test_the_top_sentence_says_what_stood_when_the_campaign_went_to_them(person: Person) -> None:
    number = sent(person)
    person.one_click("news")
    (said,) = told(person, number)
    assert f"when campaign {number} (" in said
    assert "was sent to them, consent to “News” was valid: given on " in said
    assert ", confirmed on " in said
    assert said.endswith("not withdrawn by then.")


def test_what_was_kept_from_them_says_so(person: Person) -> None:
    person.one_click("news")
    (said,) = told(person, sent(person, "held", "unsubscribed"))
    assert "was kept from them, there was no consent to “News”: unsubscribed on " in said


def test_the_document_holds_the_exact_words_and_the_entry_that_the_gate_went_by(
    person: Person,
) -> None:
    number = sent(person)
    with speaking("kk"):
        document = asof.of(person.address, campaign_id=number).document(ZONE)
    assert document["campaign"]["was_sent"] is True
    assert document["campaign"]["let_through_by"] == len(ledger.history(person.id))
    (topic,) = document["topics"]
    assert (topic["topic"], topic["valid"], topic["state"]) == ("news", True, "given")
    assert "«Жаңалықтар»" in topic["agreed"]["wording"]
    assert topic["agreed"]["evidence"]["language"] == "kk"
    assert topic["asked_at"] <= topic["since"]
    assert [one["seq"] for one in document["entries"]] == [1, 2, 3, 4]


def test_a_campaign_that_was_not_sent_has_no_moment(person: Person) -> None:
    with pytest.raises(Missing, match="has not been sent"):
        asof.of(person.address, campaign_id=road.campaign("news"))
    with pytest.raises(Missing):
        asof.of(person.address, campaign_id=987_654)
    with pytest.raises(Invalid, match="not both"):
        asof.of(person.address, clock.now(), 1)


def test_of_a_topic_that_nobody_spoke_of_the_sentence_says_that(app: Flask) -> None:
    person = Person(road.lay())
    person.say_yes("offers")
    (said,) = told(person, sent(person))
    assert "nothing had been said on “News”." in said


def test_every_language_says_it(person: Person) -> None:
    number, said = sent(person), set()
    for language in ("kk", "ru", "en"):
        with speaking(language):
            said.update(asof.of(person.address, campaign_id=number).sentences(ZONE))
    assert len(said) == 3


SAID = st.tuples(
    st.sampled_from(list(Kind)), st.sampled_from(["news", "offers", None]), st.integers(1, 90)
)


@settings(max_examples=40, deadline=None, suppress_health_check=ONE_DATABASE)
@given(said=st.lists(SAID, min_size=1, max_size=10), back=st.integers(0, 10))
def test_whatever_was_said_the_past_is_what_a_plain_model_says(
    app: Flask, said: list[tuple[Kind, str | None, int]], back: int
) -> None:
    """The model reads the acts one after another and keeps a word for each topic, no more."""
    policy, someone = road.lay(), uuid4()
    db.session.execute(text(_PERSON), {"id": someone, "digest": someone.bytes})
    names = {"news": topics.find("news").id, "offers": topics.find("offers").id}
    at, moments = BEGUN, []
    for kind, slug, hours in said:
        at += timedelta(hours=hours)
        moments.append(at)
        entry = NewEntry(someone, kind, names.get(slug or ""), policy.id, "form", "subscriber")
        with clock.use(lambda at=at: at):  # type: ignore[misc]
            ledger.append(entry)
    look = moments[min(back, len(moments) - 1)] + timedelta(minutes=30)
    seen = {one.topic.slug: (one.state, one.is_valid) for one in stood.at(someone, look)}
    assert seen == model(said[: min(back, len(moments) - 1) + 1])
    db.session.rollback()


_PERSON = "INSERT INTO subscribers (id, digest, provider, language) VALUES (:id, :digest, '', 'kk')"


def model(said: list[tuple[Kind, str | None, int]]) -> dict[str, tuple[str, bool]]:
    """The last word on each topic, and whether it may be mailed on."""
    words: dict[str, str] = {}
    is_blocked = False
    for kind, slug, _ in said:
        if kind == Kind.BLOCKED and slug is None:
            is_blocked = True
        elif kind == Kind.RESTORED and slug is None:
            is_blocked = False
        elif kind != Kind.BLOCKED:
            for name in [slug] if slug else list(words):
                words[name] = kind.value
    yes = {"given", "attested", "restored"}
    return {
        name: (
            "blocked" if is_blocked and word in yes | {"requested"} else word,
            word in yes and not is_blocked,
        )
        for name, word in words.items()
    }


def test_the_words_of_a_yes_that_was_taken_up_again_are_those_of_the_yes(person: Person) -> None:
    person.one_click("news")
    assert person.undo("news")
    found = {one.topic.slug: one for one in stood.at(person.id, clock.now())}
    assert found["news"].said.kind == Kind.RESTORED
    assert found["news"].agreed is not None
    assert found["news"].agreed.kind == Kind.GIVEN


def test_of_whoever_was_destroyed_the_sentence_is_still_there(person: Person) -> None:
    number = sent(person)
    ledger.append(NewEntry(person.id, Kind.DESTROYED, None, None, "staff", "staff 1"))
    db.session.commit()
    assert "was valid" in told(person, number)[0]
    with speaking("en"):
        now = asof.of(person.address).sentences(ZONE)
    assert all("the data were destroyed on " in one for one in now)
