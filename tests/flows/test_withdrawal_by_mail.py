"""A withdrawal that is mailed in the middle of a running campaign stops that person's message."""

from pathlib import Path
from uuid import UUID

from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from tests import road
from tests.peers.faults import Fault, Stage
from tests.peers.smtp_peer import SmtpPeer
from tests.worker.postbox import WITHDRAW, authenticated, letter, send, taking_in


def test_a_letter_in_the_middle_of_a_campaign_stops_its_author_s_message(
    app: Flask, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
) -> None:
    """Real worker, real listener, real SMTP: the sure author and the plausible one alike."""
    count = 600
    policy = road.lay()
    people = road.subscribe(policy, count)
    number = road.campaign()
    environment["KELISIM_SEND_BATCH"] = "50"
    environment["KELISIM_AUTHSERV_ID"] = "mx.glazik.example"
    peer.behave(Fault(Stage.DOT, wait=2.0))
    with (
        road.working(environment, tmp_path / "worker.log"),
        taking_in(environment, tmp_path / "inbound.log") as port,
    ):
        road.start(number)
        road.wait_for(lambda: peer.accepted)
        sure, plausible = [road.address(people.index(one)) for one in _waiting(number)]
        send(port, letter(sure, WITHDRAW, authenticated(sure)))
        send(port, letter(plausible, WITHDRAW))
        peer.heal()
        done = road.wait_until_done(number)
    # A receipt of what they wrote belongs to no list; it is what they were mailed after that.
    mailed = {one.recipients[0] for one in peer.accepted if b"List-Unsubscribe:" in one.raw}
    assert not {sure, plausible} & mailed
    assert done["held"] == {"withdrawn": 1, "blocked": 1}
    assert done["accepted"] == len(mailed) == count - 2


def _waiting(campaign: int) -> list[UUID]:
    """Two people whose message nobody has taken up yet."""
    query = """
        SELECT s.id FROM subscribers s
        LEFT JOIN deliveries d ON d.subscriber_id = s.id AND d.campaign_id = :campaign
        WHERE d.id IS NULL OR d.state = 'pending' ORDER BY s.id LIMIT 2
    """
    found = list(db.session.scalars(text(query), {"campaign": campaign}))
    db.session.rollback()
    assert len(found) == 2, "the campaign was quicker than the test"
    return found
