"""The campaign is stopped at the exact moment that matters."""

import time
from typing import Any

from mailing.base.database import db
from mailing.deliveries import halting
from mailing.deliveries.halting import Counted
from mailing.deliveries.queue import Claim
from mailing.deliveries.results import Ending
from tests import road
from tests.model import desk
from tests.races.field import Field

Answer = tuple[float, Counted]


def stops(field: Field) -> Answer:
    """A stop: when it was answered, and what it has counted."""
    counted = halting.stop(field.campaign, road.ACTOR)
    db.session.commit()
    return time.monotonic(), counted


def begin(field: Field) -> Claim:
    """The campaign from its beginning, with one message claimed and the others waiting."""
    desk.begin_again(field.sender.database, field.campaign)
    return field.claim()


def judge(field: Field, claim: Claim, dot_at: float | None, answer: Answer) -> None:
    """Whoever was counted as stopped gets nothing; the numbers add up to everybody."""
    answered_at, counted = answer
    assert counted.out + counted.stopped == len(field.people)
    assert counted.out == 0 or dot_at is not None, "what is out leaves"
    desk.close_stopped()
    field.judge(claim, dot_at, (answered_at, counted.out == 1))
    assert desk.states(field.sender.database) <= {"held", "accepted"}


def test_a_stop_while_a_message_is_claimed(field: Field, times: int) -> None:
    def race() -> None:
        claim = begin(field)
        field.hit(claim, "claimed")
        dot_at, answer = field.track.at_once(
            lambda: field.finish(field.sender.ask([claim])), lambda: stops(field), 0.006
        )
        judge(field, claim, dot_at, answer)

    field.run(race, times)


def test_a_stop_while_a_message_is_open(field: Field, times: int) -> None:
    def race() -> None:
        claim = begin(field)
        passed = field.sender.ask([claim])
        field.hit(claim, "open")
        dot_at, answer = field.track.at_once(
            lambda: field.finish(passed), lambda: stops(field), 0.006
        )
        judge(field, claim, dot_at, answer)

    field.run(race, times)


def test_a_stop_while_a_message_is_sealed_counts_it_as_out(field: Field, times: int) -> None:
    def race() -> None:
        claim = begin(field)
        passed = field.sender.ask([claim])
        field.sender.seal(passed)
        field.hit(claim, "sealed")
        dot_at, answer = field.track.at_once(lambda: field.dot(passed), lambda: stops(field), 0.006)
        assert answer[1].out == 1
        judge(field, claim, dot_at, answer)

    field.run(race, times)


def test_a_gate_that_waits_for_a_stop_says_no(field: Field, times: int) -> None:
    def race() -> None:
        claim = begin(field)
        with field.track.shut("audit_log"):
            stopped = field.track.begin(lambda: stops(field))
            asked = field.track.begin(lambda: field.sender.ask([claim]))
            field.hit(claim, "claimed, the gate waits")
        assert asked.result() == []
        judge(field, claim, None, stopped.result())

    field.run(race, times)


def test_a_stop_that_waits_for_the_gate_aborts_what_it_has_opened(field: Field, times: int) -> None:
    def race() -> None:
        claim = begin(field)
        with field.sender.database.transaction():
            passed = field.sender.ask([claim])
            stopped = field.track.begin(lambda: stops(field))
            field.hit(claim, "claimed, the stop waits for the gate")
        dot_at = field.finish(passed)
        judge(field, claim, dot_at, stopped.result())

    field.run(race, times)


def test_a_seal_that_waits_for_a_stop_is_refused(field: Field, times: int) -> None:
    def race() -> None:
        claim = begin(field)
        passed = field.sender.ask([claim])
        with field.track.shut("audit_log"):
            stopped = field.track.begin(lambda: stops(field))
            sealed = field.track.begin(lambda: field.sender.seal(passed))
            field.hit(claim, "open, the seal waits")
        assert sealed.result() == set()
        answer = stopped.result()
        field.tell(passed, Ending.ABORTED)
        judge(field, claim, None, answer)

    field.run(race, times)


def test_a_stop_that_waits_for_the_seal_counts_the_message_as_out(field: Field, times: int) -> None:
    def race() -> None:
        claim = begin(field)
        passed = field.sender.ask([claim])
        with field.sender.database.transaction():
            field.sender.seal(passed)
            stopped: Any = field.track.begin(lambda: stops(field))
            field.hit(claim, "open, the stop waits for the seal")
        answer = stopped.result()
        assert answer[1].out == 1
        judge(field, claim, field.dot(passed), answer)

    field.run(race, times)
