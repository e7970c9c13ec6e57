"""While a campaign goes out, the batches that are finished are counted once."""

import pytest
from sqlalchemy import text

from mailing.base.database import db
from mailing.campaigns import audience
from mailing.deliveries import batch_tallies, halting, returns, status
from mailing.deliveries.batch_tallies import BatchTally
from mailing.deliveries.results import Ending
from tests import road
from tests.deliveries.conftest import Sender
from tests.deliveries.test_dispatch import answers

pytestmark = pytest.mark.usefixtures("pairs")


@pytest.fixture
def pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is of two."""
    monkeypatch.setattr(audience, "CHUNK", 2)


def keep() -> int:
    found = batch_tallies.keep()
    db.session.commit()
    return found


def kept() -> list[BatchTally]:
    return list(db.session.query(BatchTally).order_by(BatchTally.batch_id))


def told(number: int) -> dict[str, object]:
    return dict(road.outcomes(number))


def lose_the_rows() -> None:
    """As if nobody looked at the deliveries of batches that are kept."""
    db.session.execute(
        text(
            "DELETE FROM deliveries WHERE batch_id IN "
            "(SELECT batch_id FROM batch_tallies WHERE outcomes IS NOT NULL)"
        )
    )
    db.session.commit()


def test_finished_batches_are_counted_once_and_the_rest_at_each_look(sender: Sender) -> None:
    number, _ = road.under_way(8)
    assert keep() == 0
    answers(sender, Ending.ACCEPTED, Ending.REFUSED, Ending.CANNOT_RENDER, Ending.ACCEPTED)
    sender.claim(2)
    before = told(number)
    assert (keep(), keep()) == (2, 0)
    assert told(number) == before
    assert before["accepted"] == 2
    assert before["held"] == {"cannot_render": 1}
    assert (before["sending"], before["pending"]) == (2, 2)
    lose_the_rows()
    assert told(number) == before, "their rows are looked at all the same"


def test_a_batch_in_which_something_is_uncertain_is_counted_at_each_look(sender: Sender) -> None:
    number, _ = road.under_way(4)
    answers(sender, Ending.ACCEPTED, Ending.UNCERTAIN, Ending.ACCEPTED, Ending.ACCEPTED)
    assert (keep(), keep()) == (2, 0)
    assert [one.outcomes is None for one in kept()] == [True, False]
    (lost,) = db.session.scalars(text("SELECT id FROM deliveries WHERE state = 'uncertain'"))
    returns.confirm_by_token(lost)
    db.session.commit()
    assert told(number)["accepted"] == 4


def test_an_uncertain_message_that_is_sent_again_is_told_where_it_is(sender: Sender) -> None:
    number, _ = road.under_way(2)
    answers(sender, Ending.ACCEPTED, Ending.UNCERTAIN)
    assert keep() == 1
    assert status.resend_uncertain(number, road.ACTOR) == 1
    db.session.commit()
    assert (told(number)["uncertain"], told(number)["pending"]) == (0, 1)
    answers(sender, Ending.REFUSED)
    assert (told(number)["accepted"], told(number)["refused"]) == (1, 1)


def test_a_stop_says_the_same_with_batches_that_are_kept(sender: Sender) -> None:
    number, _ = road.under_way(6)
    answers(sender, Ending.ACCEPTED, Ending.ACCEPTED)
    assert keep() == 1
    lose_the_rows()
    counted = halting.stop(number, road.ACTOR)
    db.session.commit()
    assert (counted.out, counted.stopped) == (2, 4)
    halting.close_stopped()
    db.session.commit()
    assert told(number)["accepted"] == 2
    assert told(number)["held"] == {"campaign_stopped": 4}
    assert keep() == 0, "what has ended is counted as a whole (tallies)"
