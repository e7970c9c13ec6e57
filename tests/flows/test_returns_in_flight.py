"""What comes back while a campaign goes out: a real worker, a real listener, real SMTP."""

from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.base.settings import current
from mailing.base.tokens import ReturnPath, link_keys
from mailing.campaigns import campaigns
from mailing.deliveries import dispatch
from tests import road
from tests.inbound.reports import bounced, complained
from tests.peers.faults import Fault, Stage
from tests.peers.smtp_peer import SmtpPeer
from tests.worker.postbox import send, taking_in

STORM = 5


def test_a_bounce_and_a_complaint_in_the_middle_stop_the_next_message(
    app: Flask, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
) -> None:
    """Both speak of an earlier campaign; the one that is going out does not reach them any more."""
    count = 300
    people = road.subscribe(road.lay(), count)
    earlier = road.campaign()
    environment["KELISIM_SEND_BATCH"] = "50"
    with (
        road.working(environment, tmp_path / "worker.log"),
        taking_in(environment, tmp_path / "inbound.log") as port,
    ):
        road.start(earlier)
        road.wait_until_done(earlier)
        number, before = road.campaign(), len(peer.accepted)
        peer.behave(Fault(Stage.DOT, wait=2.0))
        road.start(number)
        road.wait_for(lambda: len(peer.accepted) > before)
        gone, cross = _waiting(number)
        send(port, bounced(_address(people, gone)), _path(earlier, gone), sender="")
        send(port, complained(), _path(earlier, cross), sender="")
        peer.heal()
        done = road.wait_until_done(number)
    mailed = {one.recipients[0] for one in peer.accepted[before:]}
    assert not {_address(people, one) for one in (gone, cross)} & mailed
    assert done["accepted"] == len(mailed) == count - 2
    assert set(done["held"]) == {"suppressed_bounce", "suppressed_complaint"}


def test_a_storm_in_the_middle_pauses_the_campaign_and_says_why(
    app: Flask, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
) -> None:
    """T60: the first few are suppressed, the others wait for a person, and so does the campaign."""
    count = 300
    people = road.subscribe(road.lay(), count)
    number = road.campaign()
    environment |= {"KELISIM_SEND_BATCH": "50", "KELISIM_BRAKE_STORM": str(STORM)}
    peer.behave(Fault(Stage.DOT, wait=2.0))
    with (
        road.working(environment, tmp_path / "worker.log"),
        taking_in(environment, tmp_path / "inbound.log") as port,
    ):
        road.start(number)
        for one in road.wait_for(lambda: _handed_over(number, STORM + 3)):
            send(port, bounced(_address(people, one)), _path(number, one), sender="")
        road.wait_until_settled(environment)
        paused = road.outcomes(number)
        out = paused["accepted"]
        peer.heal()
        assert road.outcomes(number) == paused
        assert paused["state"] == "paused"
        assert STORM <= out < count
        assert _brake(number) == ("storm", STORM)
        assert _suppressed() == STORM - 1
        dispatch.resume(number, road.ACTOR)
        db.session.commit()
        done = road.wait_until_done(number)
    assert done["accepted"] == count


def _address(people: list[UUID], who: UUID) -> str:
    return road.address(people.index(who))


def _path(campaign: int, who: UUID) -> str:
    query = "SELECT id FROM deliveries WHERE campaign_id = :campaign AND subscriber_id = :who"
    delivery = db.session.scalar(text(query), {"campaign": campaign, "who": who})
    assert delivery is not None
    db.session.rollback()
    settings = current()
    return ReturnPath(delivery).address(link_keys(settings.secret_keys), settings.bounce_domain)


def _waiting(campaign: int) -> list[UUID]:
    """Two people whose message nobody has taken up yet."""
    query = """
        SELECT s.id FROM subscribers s
        LEFT JOIN deliveries d ON d.subscriber_id = s.id AND d.campaign_id = :campaign
        WHERE d.id IS NULL OR d.state = 'pending' ORDER BY s.id LIMIT 2
    """
    found = _ids(query, campaign=campaign)
    assert len(found) == 2, "the campaign was quicker than the test"
    return found


def _handed_over(campaign: int, number: int) -> list[UUID]:
    """So many people whose message has been accepted; none while there are fewer."""
    query = """
        SELECT subscriber_id FROM deliveries WHERE campaign_id = :campaign AND state = 'accepted'
        LIMIT :number
    """
    found = _ids(query, campaign=campaign, number=number)
    return found if len(found) == number else []


def _ids(query: str, **values: Any) -> list[UUID]:
    found = list(db.session.scalars(text(query), values))
    db.session.rollback()
    return found


def _brake(campaign: int) -> tuple[str, int]:
    brake = campaigns.find(campaign).brake
    assert brake is not None
    return brake["what"], brake["number"]


def _suppressed() -> int:
    return int(db.session.scalar(text("SELECT count(*) FROM suppressions")) or 0)
