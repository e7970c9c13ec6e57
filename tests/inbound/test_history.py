"""What came back about mail to one person stands in their history, with what was done."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import Settings, current
from mailing.deliveries import storms
from mailing.deliveries.permit import SendPermit
from mailing.deliveries.results import Ending, Result
from mailing.inbound import history
from mailing.leaving import replay
from mailing.requests import incoming
from tests import road
from tests.deliveries.conftest import Sender, a_sender
from tests.inbound.reports import bounced, complained


@pytest.fixture
def sender(app: Flask, settings: Settings) -> Iterator[Sender]:
    replay.run()
    with a_sender(settings) as one:
        yield one


def sent(sender: Sender, people: int) -> tuple[int, list[SendPermit]]:
    """A campaign that has left: its number, and what was handed over."""
    number, _ = road.under_way(people)
    passed = sender.ask(sender.claim(people))
    sender.seal(passed)
    done = [Result(p.permit.delivery_id, p.permit.fence, Ending.ACCEPTED, 1, 250) for p in passed]
    sender.ask([], *done)
    return number, [one.permit for one in passed]


def told_of(address: str) -> list[dict[str, Any]]:
    """What came back, as the history tells it."""
    return [one for one in history.evidence_of(address) if one["kind"] == "returned"]


@pytest.mark.parametrize(
    ("status", "came", "done"),
    [
        ("5.1.1", "hard", "suppressed"),
        ("4.2.2", "soft", "counted"),
        ("5.7.1", "policy", "noted"),
    ],
)
def test_a_bounce_stands_there_with_its_campaign_and_what_was_done(
    sender: Sender, status: str, came: str, done: str
) -> None:
    number, (permit,) = sent(sender, 1)
    incoming.take(bounced(permit.recipient, status), [permit.return_path])
    entries = history.evidence_of(permit.recipient)
    assert [one["kind"] for one in entries] == ["given", "returned"]
    body = entries[-1]["evidence"]
    assert (body["came"], body["status"], body["campaign"]) == (came, status, number)
    assert (body["about"], body["done"]) == ("campaign", done)
    assert set(entries[0]) == set(entries[1])


def test_a_complaint_stands_beside_the_leaving_that_it_was(sender: Sender) -> None:
    number, (permit,) = sent(sender, 1)
    incoming.take(complained(), [permit.return_path])
    (told,) = told_of(permit.recipient)
    assert (told["evidence"]["came"], told["evidence"]["done"]) == ("complaint", "suppressed")
    assert told["evidence"]["campaign"] == number
    kinds = [one["kind"] for one in history.evidence_of(permit.recipient)]
    assert "unsubscribed" in kinds


def test_what_belongs_to_a_storm_says_what_a_person_decided(app: Flask, sender: Sender) -> None:
    app.extensions["kelisim"] = current().model_copy(update={"brake_storm": 2})
    _, permits = sent(sender, 2)
    for one in permits:
        incoming.take(bounced(one.recipient), [one.return_path])
    addresses = [one.recipient for one in permits]
    assert [told_of(one)[0]["evidence"]["done"] for one in addresses] == ["held_back"] * 2
    [(storm, _)] = storms.undecided()
    storms.decide(storm.id, False, road.ACTOR)
    db.session.commit()
    assert [told_of(one)[0]["evidence"]["done"] for one in addresses] == ["forgotten"] * 2


def test_nothing_of_another_and_nothing_later_than_asked_stands_there(sender: Sender) -> None:
    _, (first, second) = sent(sender, 2)
    incoming.take(bounced(first.recipient), [first.return_path])
    assert told_of(second.recipient) == []
    before = clock.now() - timedelta(minutes=1)
    assert not [o for o in history.evidence_of(first.recipient, before) if o["kind"] == "returned"]
