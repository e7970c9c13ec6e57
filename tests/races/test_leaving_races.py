"""Somebody leaves at the exact moment that matters. T7, T14, T31."""

import random
import time

from mailing.deliveries.queue import Claim
from mailing.deliveries.results import Ending
from mailing.leaving import links, preferences
from mailing.leaving.preferences import Filled
from tests import road
from tests.model import desk
from tests.races.field import Field

Answer = tuple[float, bool]


def leaves(claim: Claim, patience: float = 1.0) -> Answer:
    """One click: when it was answered, and whether the answer named this message."""
    receipt = links.by_token(road.leave_token(claim.subscriber_id), patience)
    assert receipt is not None
    named = {one["message_id"].partition("@")[0] for one in receipt.in_flight}
    return time.monotonic(), claim.delivery_id.hex in named


def test_somebody_leaves_while_their_message_is_claimed(field: Field, times: int) -> None:
    def race() -> None:
        claim = field.claim()
        field.hit(claim, "claimed")
        dot_at, answer = field.track.at_once(
            lambda: field.finish(field.sender.ask([claim])), lambda: leaves(claim)
        )
        field.judge(claim, dot_at, answer)

    field.run(race, times)


def test_somebody_leaves_while_their_message_is_open(field: Field, times: int) -> None:
    def race() -> None:
        claim = field.claim()
        passed = field.sender.ask([claim])
        field.hit(claim, "open")
        dot_at, answer = field.track.at_once(lambda: field.finish(passed), lambda: leaves(claim))
        field.judge(claim, dot_at, answer)

    field.run(race, times)


def test_somebody_leaves_while_their_message_is_sealed(field: Field, times: int) -> None:
    """Whoever has no patience is told which message it is; who has, may be told nothing."""

    def race() -> None:
        claim = field.claim()
        passed = field.sender.ask([claim])
        field.sender.seal(passed)
        field.hit(claim, "sealed")
        patience = random.choice((0, 1))
        dot_at, answer = field.track.at_once(
            lambda: field.dot(passed), lambda: leaves(claim, patience), 0.1
        )
        field.judge(claim, dot_at, answer)

    field.run(race, times)


def test_a_gate_that_waits_for_somebody_leaving_says_no(field: Field, times: int) -> None:
    def race() -> None:
        claim = field.claim()
        with field.track.shut("receipts"):
            left = field.track.begin(lambda: leaves(claim))
            asked = field.track.begin(lambda: field.sender.ask([claim]))
            field.hit(claim, "claimed, the gate waits")
        assert asked.result() == []
        field.judge(claim, None, left.result())

    field.run(race, times)


def test_somebody_who_waits_for_the_gate_finds_the_message_open(field: Field, times: int) -> None:
    def race() -> None:
        claim = field.claim()
        with field.sender.database.transaction():
            passed = field.sender.ask([claim])
            left = field.track.begin(lambda: leaves(claim))
            field.hit(claim, "claimed, somebody waits for the gate")
        dot_at = field.finish(passed)
        field.judge(claim, dot_at, left.result())

    field.run(race, times)


def unticks(claim: Claim) -> Answer:
    """The topic is unticked on the preference page and saved."""
    token = road.leave_token(claim.subscriber_id)
    shown = frozenset({"news"})
    saved = preferences.save(token, Filled(shown, shown, frozenset(), "", "kk"))
    assert saved.receipt is not None
    named = {one["message_id"].partition("@")[0] for one in saved.receipt.in_flight}
    return time.monotonic(), claim.delivery_id.hex in named


def test_a_gate_that_waits_for_a_saved_preference_says_no(field: Field, times: int) -> None:
    def race() -> None:
        claim = field.claim()
        with field.track.shut("receipts"):
            left = field.track.begin(lambda: unticks(claim))
            asked = field.track.begin(lambda: field.sender.ask([claim]))
            field.hit(claim, "claimed, the gate waits for the page")
        assert asked.result() == []
        field.judge(claim, None, left.result())

    field.run(race, times)


def test_a_saved_preference_aborts_what_is_open(field: Field, times: int) -> None:
    def race() -> None:
        claim = field.claim()
        passed = field.sender.ask([claim])
        field.hit(claim, "open, the page is saved")
        dot_at, answer = field.track.at_once(lambda: field.finish(passed), lambda: unticks(claim))
        field.judge(claim, dot_at, answer)

    field.run(race, times)


def test_a_seal_that_waits_for_somebody_leaving_is_refused(field: Field, times: int) -> None:
    def race() -> None:
        claim = field.claim()
        passed = field.sender.ask([claim])
        with field.track.shut("receipts"):
            left = field.track.begin(lambda: leaves(claim))
            sealed = field.track.begin(lambda: field.sender.seal(passed))
            field.hit(claim, "open, the seal waits")
        assert sealed.result() == set()
        answer = left.result()
        field.tell(passed, Ending.ABORTED)
        field.judge(claim, None, answer)

    field.run(race, times)


def test_somebody_who_waits_for_the_seal_names_the_message(field: Field, times: int) -> None:
    def race() -> None:
        claim = field.claim()
        passed = field.sender.ask([claim])
        with field.sender.database.transaction():
            field.sender.seal(passed)
            left = field.track.begin(lambda: leaves(claim, 0))
            field.hit(claim, "open, somebody waits for the seal")
        answer = left.result()
        assert answer[1], "what is sealed is past recall"
        field.judge(claim, field.dot(passed), answer)

    field.run(race, times)


def test_a_result_that_waits_for_somebody_leaving_ends_as_their_no(
    field: Field, times: int
) -> None:
    def race() -> None:
        claim = field.claim()
        passed = field.sender.ask([claim])
        with field.track.shut("receipts"):
            left = field.track.begin(lambda: leaves(claim))
            told = field.track.begin(lambda: field.tell(passed, Ending.LOST))
            field.hit(claim, "open, the result waits")
        told.result()
        field.judge(claim, None, left.result())
        assert field.reason(claim) == "unsubscribed"

    field.run(race, times)


def test_what_somebody_leaving_holds_is_claimed_by_nobody(field: Field, times: int) -> None:
    """A claim waits for no row, and finds a no when it looks again."""

    def race() -> None:
        claim = field.claim()
        desk.put_back(field.sender, [claim.delivery_id])
        with field.track.shut("receipts"):
            left = field.track.begin(lambda: leaves(claim))
            field.hit(claim, "pending, somebody leaves")
            others = [other.delivery_id for other in field.sender.claim()]
        assert claim.delivery_id not in others
        field.judge(claim, None, left.result())
        desk.put_back(field.sender, others)

    field.run(race, times)
