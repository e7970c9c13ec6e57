"""Why somebody did or did not get a campaign: one outcome, one reason, one sentence."""

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.base.errors import Invalid, Missing
from mailing.deliveries import why
from mailing.deliveries.deliveries import State
from mailing.people.verdict import Reason
from tests import road
from tests.person import Person


@pytest.fixture
def person(app: Flask) -> Person:
    somebody = Person(road.lay())
    somebody.say_yes("news")
    return somebody


@pytest.fixture
def campaign(person: Person) -> int:
    return road.campaign("news")


def put(state: str, **columns: object) -> None:
    changes = ", ".join(f"{name} = :{name}" for name in columns)
    values = {"state": state, **columns}
    query = f"UPDATE deliveries SET state = :state, owner = gen_random_uuid(), {changes}"  # noqa: S608
    db.session.execute(text(query + " WHERE campaign_id IS NOT NULL"), values)
    db.session.commit()


def test_every_reason_has_words() -> None:
    assert {reason.value for reason in Reason} == set(why.REASONS)


def test_before_the_start_it_says_what_would_be(person: Person, campaign: int) -> None:
    assert why.why(person.address, campaign).outcome == "will_receive"
    stranger = Person(person.policy, "dana@example.com")
    stranger.ask("offers")
    assert why.why(stranger.address, campaign).outcome == why.NOT_CONSIDERED
    stranger.ask("news")
    told = why.why(stranger.address, campaign)
    assert (told.outcome, told.reason) == ("held", "not_confirmed")
    assert told.sentence == "Nothing was sent: they have not confirmed their request."


def test_a_start_freezes_the_answer_for_who_was_left_out(person: Person, campaign: int) -> None:
    late = Person(person.policy, "late@example.com")
    late.ask("news")
    road.start(campaign)
    late.confirm()
    assert why.why(late.address, campaign).reason == "not_confirmed"
    assert why.why(person.address, campaign).outcome == "pending"
    newcomer = Person(person.policy, "newcomer@example.com")
    newcomer.say_yes("news")
    assert why.why(newcomer.address, campaign).outcome == why.NOT_CONSIDERED


SAID = {
    State.PENDING: "waiting for its turn",
    State.CLAIMED: "being handed over",
    State.OPEN: "being handed over",
    State.SEALED: "being handed over",
    State.ABORTING: "being handed over",
    State.ACCEPTED: "accepted the message at 2026-01-02 03:04:05 UTC",
    State.REFUSED: "refused the message: 550 No {such} user %s",
    State.UNCERTAIN: "answer was lost",
    State.DEFERRED: "try again at 2026-01-02 03:04:05 UTC: 550 No {such} user %s",
    State.HELD: "they have unsubscribed",
}


@pytest.mark.parametrize("state", State)
def test_every_state_of_a_delivery_has_its_sentence(
    person: Person, campaign: int, state: State
) -> None:
    road.start(campaign)
    road.write_out()
    at = "2026-01-02 03:04:05+00"
    said: dict[str, object] = {"reply_code": 550, "reply_text": "No {such} user %s"}
    put(state, reason="unsubscribed", finished_at=at, retry_at=at, **said)
    told = why.why(person.address, campaign)
    assert told.outcome == state
    assert SAID[state] in told.sentence
    assert (told.reason == "unsubscribed") == (state is State.HELD)


def test_a_stop_before_their_turn_is_said_even_without_a_row(person: Person, campaign: int) -> None:
    road.start(campaign)
    db.session.execute(text("UPDATE campaigns SET state = 'stopped'"))
    db.session.commit()
    assert why.why(person.address, campaign).reason == "campaign_stopped"


def test_what_is_not_known_is_missing(person: Person, campaign: int) -> None:
    with pytest.raises(Missing):
        why.why("nobody@example.com", campaign)
    with pytest.raises(Missing):
        why.why(person.address, campaign + 1)
    with pytest.raises(Invalid):
        why.why("nobody", campaign)
