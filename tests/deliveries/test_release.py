"""The end of the holding window: it asks once more, and one campaign stops no other."""

from datetime import timedelta

import pytest
from flask import Flask

from mailing.base import clock, installation
from mailing.base.database import db
from mailing.campaigns import audience, campaigns
from mailing.campaigns.audience import Audience
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries import dispatch, status
from tests import road


def waiting(count: int) -> list[int]:
    """So many campaigns, each in its holding window."""
    numbers = [road.campaign() for _ in range(count)]
    for number in numbers:
        dispatch.start(number, road.ACTOR)
    db.session.commit()
    return numbers


def release() -> list[int]:
    later = clock.now() + timedelta(minutes=3)
    with clock.use(lambda: later):
        released = dispatch.release_due()
        db.session.commit()
    return released


def test_what_was_switched_off_meanwhile_is_not_released(app: Flask) -> None:
    road.subscribe(road.lay(), 2)
    [number] = waiting(1)
    installation.switch_sending(False, "a fire drill")
    db.session.commit()
    assert release() == []
    told = status.status(number)
    assert (told["state"], told["audience"]) == ("scheduled", 2)
    assert "a fire drill" in told["waiting_for"]
    installation.switch_sending(True)
    db.session.commit()
    assert release() == [number]


def test_a_campaign_that_breaks_keeps_no_other_from_leaving(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    road.subscribe(road.lay(), 2)
    first, second = waiting(2)
    freeze = audience.snapshot

    def break_the_first(campaign: Campaign) -> Audience:
        if campaign.id == first:
            raise RuntimeError("broken")
        return freeze(campaign)

    monkeypatch.setattr(audience, "snapshot", break_the_first)
    assert release() == [second]
    assert [campaigns.find(n).state for n in (first, second)] == ["scheduled", "sending"]


def test_a_campaign_that_nobody_works_on_says_so(app: Flask) -> None:
    """A silent stall is what the engineer on duty fears."""
    road.subscribe(road.lay(), 2)
    number = road.campaign()
    road.start(number)
    assert "worker" in status.status(number)["waiting_for"]
