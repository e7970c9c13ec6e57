"""What has ended is counted once; what may still change is counted again."""

from sqlalchemy import text

from mailing.base.database import db
from mailing.deliveries import dispatch, halting, returns, status, tallies
from mailing.deliveries.results import Ending
from tests import road
from tests.deliveries.conftest import Sender
from tests.deliveries.test_dispatch import answers


def _kept() -> list[int]:
    found = tallies.keep()
    db.session.commit()
    return found


def test_a_tally_says_what_the_status_says_and_is_counted_once(sender: Sender) -> None:
    number, _ = road.under_way(4)
    assert _kept() == [], "what is under way is never kept"
    answers(sender, Ending.ACCEPTED, Ending.ACCEPTED, Ending.REFUSED, Ending.CANNOT_RENDER)
    dispatch.finish()
    db.session.commit()
    assert _kept() == [number]
    assert tallies.final([number, 99]) == {number: status.status(number)["outcomes"]}
    assert _kept() == []


def test_an_uncertain_message_keeps_a_tally_from_being_final(sender: Sender) -> None:
    """What comes back later still moves it, so that the list never says other than the report."""
    number, _ = road.under_way(2)
    answers(sender, Ending.ACCEPTED, Ending.UNCERTAIN)
    dispatch.finish()
    db.session.commit()
    assert _kept() == [number]
    assert tallies.final([number]) == {}
    db.session.execute(text("UPDATE campaign_tallies SET counted_at = now() - interval '1 hour'"))
    (lost,) = db.session.scalars(text("SELECT id FROM deliveries WHERE state = 'uncertain'"))
    returns.confirm_by_token(lost)
    db.session.commit()
    assert _kept() == [number]
    assert tallies.final([number])[number]["accepted"] == 2


def test_what_a_stop_kept_back_is_in_the_tally_once_nothing_is_in_work(sender: Sender) -> None:
    number, _ = road.under_way(3)
    answers(sender, Ending.ACCEPTED)
    sender.claim(1)
    halting.stop(number, road.ACTOR)
    db.session.commit()
    halting.close_stopped()
    db.session.commit()
    assert _kept() == [], "a message may still be on the wire"
    db.session.execute(
        text(
            "UPDATE deliveries SET state = 'held', reason = 'campaign_stopped' "
            "WHERE state = 'claimed'"
        )
    )
    db.session.execute(text("UPDATE batches SET finished_at = now()"))
    db.session.commit()
    assert _kept() == [number]
    assert tallies.final([number])[number] | {"accepted": 1} == status.status(number)["outcomes"]
