"""What comes back while a campaign goes out: a real worker, a real listener, real SMTP."""

from pathlib import Path
from threading import Event
from uuid import UUID

from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.base.settings import current
from mailing.base.tokens import ReturnPath, link_keys
from mailing.campaigns import campaigns
from mailing.deliveries import halting
from tests import road
from tests.flows.halfway import handed_over, held_after, waiting
from tests.inbound.reports import bounced, complained
from tests.peers.smtp_peer import SmtpPeer
from tests.worker.postbox import send, taking_in

PEOPLE, CONNECTIONS, STORM = 30, 2, 4


def test_what_comes_back_in_the_middle_stops_the_next_message_and_then_the_campaign(
    app: Flask, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
) -> None:
    """T60. A bounce and a complaint speak of an earlier campaign: the one that is going out does
    not reach these two any more. Then a storm pauses it, says why, and waits for a person."""
    policy = road.lay()
    people = road.subscribe(policy, PEOPLE)
    road.say_yes(policy, people, "offers")
    earlier, number, go_on = road.campaign(), road.campaign("offers"), Event()
    environment["KELISIM_SMTP_CONNECTIONS"] = str(CONNECTIONS)
    environment["KELISIM_BRAKE_STORM"] = str(STORM)
    with (
        taking_in(environment, tmp_path / "inbound.log") as port,
        road.working(environment, tmp_path / "worker.log", 1),
    ):
        road.start(earlier)
        road.wait_until_done(earlier, 200)
        before = len(peer.accepted)
        with held_after(STORM, peer, go_on) as hold:
            road.start(number)
            road.wait_for(lambda: peer.script.struck(hold) == CONNECTIONS)
            reached = road.wait_for(lambda: handed_over(number, STORM))
            gone, cross = waiting(number, 2)
            send(port, bounced(_address(people, gone)), _path(earlier, gone), sender="")
            send(port, complained(), _path(earlier, cross), sender="")
            for one in reached:
                said = bounced(_address(people, one), said="the mailbox is unavailable")
                send(port, said, _path(number, one), sender="")
            assert _state_and_brake(number) == ("paused", "storm", STORM)
        road.wait_until_settled(environment)
        paused = road.outcomes(number)
        assert (paused["state"], paused["accepted"]) == ("paused", STORM + CONNECTIONS)
        assert _suppressed_for_bounces() == 1 + STORM - 1
        halting.resume(number, road.ACTOR)
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


def _state_and_brake(campaign: int) -> tuple[str, str, int]:
    db.session.rollback()
    found = campaigns.find(campaign)
    assert found.brake is not None
    return found.state, found.brake["what"], found.brake["number"]


def _suppressed_for_bounces() -> int:
    query = "SELECT count(*) FROM suppressions WHERE reason = 'bounce'"
    return int(db.session.scalar(text(query)) or 0)
