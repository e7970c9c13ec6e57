"""Somebody takes their word back, or says yes, at the exact moment that matters. T34."""

from itertools import count

from mailing.base.database import db
from mailing.deliveries.queue import Claim
from mailing.deliveries.results import Ending
from mailing.leaving import links
from mailing.people.optins import OptIn
from tests import road
from tests.model import desk
from tests.person import Person, newest_request
from tests.races.field import Field

_NUMBERS = count(1_000)


def left(field: Field) -> tuple[Claim, str]:
    """A late message to somebody who has left, claimed; and the token that takes it back."""
    claim = field.claim()
    token = road.leave_token(claim.subscriber_id)
    assert links.by_token(token, 0) is not None
    desk.put(field.sender.database, claim.delivery_id, ("claimed", field.sender.id, claim.fence))
    return claim, token


def asked(field: Field) -> tuple[Claim, Person, OptIn]:
    """A confirmation to somebody new, claimed."""
    person = Person(field.policy, f"newcomer{next(_NUMBERS)}@example.com")
    assert person.ask() == 1
    optin = newest_request()
    db.session.commit()
    [claim] = field.sender.claim(1)
    assert claim.kind == "confirmation"
    return claim, person, optin


def test_a_gate_that_waits_for_somebody_coming_back_says_yes(field: Field, times: int) -> None:
    def race() -> None:
        claim, token = left(field)
        with field.track.shut("ledger"):
            back = field.track.begin(lambda: links.undo(token))
            passed = field.track.begin(lambda: field.sender.ask([claim]))
            field.hit(claim, "claimed, the gate waits")
        assert back.result()
        assert len(passed.result()) == 1
        assert field.finish(passed.result()) is not None
        field.came_of(claim)

    field.run(race, times)


def test_somebody_who_waits_for_the_gate_comes_back_after_its_no(field: Field, times: int) -> None:
    def race() -> None:
        claim, token = left(field)
        with field.sender.database.transaction():
            assert field.sender.ask([claim]) == []
            back = field.track.begin(lambda: links.undo(token))
            field.hit(claim, "claimed, somebody waits for the gate")
        assert back.result()
        assert field.reason(claim) == "unsubscribed"
        field.came_of(claim)

    field.run(race, times)


def test_a_gate_at_the_moment_somebody_comes_back_gives_one_answer(
    field: Field, times: int
) -> None:
    def race() -> None:
        claim, token = left(field)
        field.hit(claim, "claimed")
        passed, back = field.track.at_once(
            lambda: field.sender.ask([claim]), lambda: links.undo(token), 0.005
        )
        assert back
        assert field.state(claim) == ("open" if passed else "held")
        field.came_of(claim)
        field.tell(passed, Ending.LOST)

    field.run(race, times)


def test_a_gate_that_waits_for_a_button_does_not_ask_again(field: Field, times: int) -> None:
    def race() -> None:
        claim, person, optin = asked(field)
        with field.track.shut("ledger"):
            pressed = field.track.begin(lambda: person.confirm(optin))
            passed = field.track.begin(lambda: field.sender.ask([claim]))
            field.hit(claim, "claimed, the gate waits")
        assert pressed.result() == "confirmed"
        assert passed.result() == []
        assert field.reason(claim) == "request_closed"
        field.came_of(claim)

    field.run(race, times)


def test_a_button_that_waits_for_the_gate_is_obeyed(field: Field, times: int) -> None:
    """The mail was not sent against anybody's word: nobody has said no."""

    def race() -> None:
        claim, person, optin = asked(field)
        with field.sender.database.transaction():
            passed = field.sender.ask([claim])
            pressed = field.track.begin(lambda: person.confirm(optin))
            field.hit(claim, "claimed, the button waits for the gate")
        assert pressed.result() == "confirmed"
        assert field.finish(passed) is not None
        field.came_of(claim)

    field.run(race, times)
