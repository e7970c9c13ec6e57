"""Two who have the same batch in hand: whatever waits in it stays due, and it ends when it is over.

A row that waits in a batch which nobody calls again is never sent, and nobody is told.
"""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.deliveries import halting
from mailing.deliveries.queue import Claim
from mailing.deliveries.results import Ending, Result
from tests import road
from tests.deliveries.conftest import Sender, a_sender
from tests.model import desk
from tests.races.field import Field

A_MOMENT = 0.004
Act = Callable[[], object]


@pytest.fixture
def other(app: Flask, settings: Settings) -> Iterator[Sender]:
    with a_sender(settings) as sender:
        yield sender


def begin(field: Field, other: Sender, own: int) -> tuple[list[Claim], list[Claim]]:
    """The whole batch claimed: so many messages by the sender, the rest by the other."""
    desk.begin_again(field.sender.database, field.campaign)
    desk.let_go_of_everything(field.sender.database)
    return field.sender.claim(own), other.claim(1000)


def nothing_is_astray(field: Field, what: str) -> None:
    assert desk.astray(field.sender.database, []) == []
    field.tally[f"hit: {what}"] += 1
    states = ", ".join(sorted(desk.states(field.sender.database)))
    field.tally[f"came of it: {states}"] += 1


def tell(sender: Sender, claims: list[Claim], ending: Ending) -> None:
    sender.ask([], *[Result(one.delivery_id, one.fence, ending, 1) for one in claims])


def give_back(sender: Sender, claims: list[Claim]) -> None:
    """As an engine does whose turn is over: put back, tell, let go."""
    desk.put_back(sender, [claim.delivery_id for claim in claims])
    desk.release(sender.database, sender.id, set())


def put_back_and_claim(sender: Sender, claims: list[Claim]) -> None:
    desk.put_back(sender, [claim.delivery_id for claim in claims])
    sender.claim(5)


def test_what_comes_back_while_somebody_claims_stays_due(
    field: Field, other: Sender, times: int
) -> None:
    def race() -> None:
        own, others = begin(field, other, 2)
        field.sender.ask(own)
        field.track.at_once(
            lambda: tell(field.sender, own, Ending.LOST),
            lambda: put_back_and_claim(other, others),
            A_MOMENT,
        )
        nothing_is_astray(field, "claimed by one, told by another")

    field.run(race, times)


def test_what_two_give_back_at_once_stays_due(field: Field, other: Sender, times: int) -> None:
    def race() -> None:
        own, others = begin(field, other, 20)
        field.track.at_once(
            lambda: give_back(field.sender, own), lambda: give_back(other, others), A_MOMENT
        )
        nothing_is_astray(field, "put back by two")
        assert len(other.claim(1000)) == len(field.people)

    field.run(race, times)


def test_a_batch_that_two_finish_at_once_is_finished(
    field: Field, other: Sender, times: int
) -> None:
    def over(sender: Sender, claims: list[Claim]) -> Act:
        def act() -> None:
            tell(sender, claims, Ending.CANNOT_RENDER)
            desk.release(sender.database, sender.id, set())

        return act

    def race() -> None:
        own, others = begin(field, other, 20)
        field.sender.ask(own)
        other.ask(others)
        field.track.at_once(over(field.sender, own), over(other, others), A_MOMENT)
        nothing_is_astray(field, "finished by two")
        assert desk.unfinished(field.sender.database) == 0, "nobody saw that it was the last"

    field.run(race, times)


def test_a_pause_while_somebody_claims_leaves_everything_due(
    field: Field, other: Sender, times: int
) -> None:
    def pause() -> None:
        halting.pause(field.campaign, road.ACTOR)
        db.session.commit()

    def race() -> None:
        own, _ = begin(field, other, 20)
        desk.put_back(field.sender, [one.delivery_id for one in own])
        claims, _ = field.track.at_once(lambda: field.sender.claim(10), pause, A_MOMENT)
        field.sender.ask(claims)
        nothing_is_astray(field, "claimed while pausing")
        halting.resume(field.campaign, road.ACTOR)
        db.session.commit()
        assert field.sender.claim(1)

    field.run(race, times)
