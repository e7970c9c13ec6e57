"""May it start? What stops it says what to do."""

import pytest
from flask import Flask

from mailing.base.database import db
from mailing.base.installation import switch_sending
from mailing.campaigns import campaigns
from mailing.deliveries import readiness
from mailing.deliveries.readiness import Level, Readiness
from tests import road


def check(number: int) -> Readiness:
    return readiness.check(campaigns.find(number))


def test_a_campaign_with_everything_in_place_may_start_with_warnings(app: Flask) -> None:
    road.subscribe(road.lay(), 2)
    found = check(road.campaign())
    assert found.is_ready
    assert {one.id for one in found.checks if one.level is Level.WARN} == {"dkim"}


def test_without_a_policy_in_force_or_people_it_may_not(app: Flask) -> None:
    road.lay()
    number = road.campaign()
    assert {one.id for one in check(number).stops} == {"audience"}
    db.session.execute(db.text("UPDATE policy_versions SET published_at = NULL"))
    stops = {one.id for one in check(number).stops}
    assert stops == {"audience", "policy", "message-kk"}, "no policy declares the name it merges"


def test_while_sending_is_off_the_reason_stands_in_the_list(app: Flask) -> None:
    road.subscribe(road.lay(), 1)
    switch_sending(False, "the withdrawal journal differs")
    [stop] = check(road.campaign()).stops
    assert stop.id == "sending"
    assert "the withdrawal journal differs" in stop.detail


class TestWithoutAnIdentity:
    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return environment | {"KELISIM_OPERATOR_BIN": ""}

    def test_a_draft_may_be_written_and_may_not_start(self, app: Flask) -> None:
        road.subscribe(road.lay(), 1)
        [stop] = check(road.campaign()).stops
        assert stop.id == "identity"
        assert "KELISIM_OPERATOR" in stop.detail
