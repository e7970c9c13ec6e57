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

PEOPLE, STORM = 120, 4


def test_what_comes_back_in_the_middle_stops_the_next_message_and_then_the_campaign(
    app: Flask, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
) -> None:
    """T60. A bounce and a complaint speak of an earlier campaign: the one that is going out does
    not reach these two any more. Then a storm pauses it, says why, and waits for a person."""
    people = road.subscribe(road.lay(), PEOPLE)
    earlier, number = road.campaign(), road.campaign()
    # Two connections to a slow relay: most of the campaign cannot have left when the mail comes in.
    more = {
        "KELISIM_SEND_BATCH": "20",
        "KELISIM_SMTP_CONNECTIONS": "2",
        "KELISIM_BRAKE_STORM": str(STORM),
    }
    with (
        taking_in(environment | more, tmp_path / "inbound.log") as port,
        road.working(environment | more, tmp_path / "worker.log", 1),
    ):
        road.start(earlier)
        road.wait_until_done(earlier)
        before = len(peer.accepted)
        peer.behave(Fault(Stage.DOT, wait=2.0))
        road.start(number)
        road.wait_for(lambda: len(peer.accepted) > before)
        gone, cross = _waiting(number)
        send(port, bounced(_address(people, gone)), _path(earlier, gone), sender="")
        send(port, complained(), _path(earlier, cross), sender="")
        for one in road.wait_for(lambda: _handed_over(number, STORM + 2)):
            storm = bounced(_address(people, one), said="the mailbox is unavailable")
            send(port, storm, _path(number, one), sender="")
        road.wait_until_settled(environment)
        paused = road.outcomes(number)
        assert (paused["state"], _brake(number)) == ("paused", ("storm", STORM))
        assert paused["accepted"] < PEOPLE - 2
        assert _suppressed_for_bounces() == 1 + STORM - 1
        peer.heal()
        dispatch.resume(number, road.ACTOR)
        db.session.commit()
        done = road.wait_until_done(number)
    mailed = {one.recipients[0] for one in peer.accepted[before:]}
    assert not {_address(people, one) for one in (gone, cross)} & mailed
    assert done["accepted"] == len(mailed) == PEOPLE - 2
    assert done["held"] == {"suppressed_bounce": 1, "suppressed_complaint": 1}


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


def _suppressed_for_bounces() -> int:
    query = "SELECT count(*) FROM suppressions WHERE reason = 'bounce'"
    return int(db.session.scalar(text(query)) or 0)
