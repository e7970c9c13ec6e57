"""A withdrawal that is mailed in the middle of a running campaign stops that person's message."""

from pathlib import Path
from threading import Event

from flask import Flask

from tests import road
from tests.flows.halfway import held_after, waiting
from tests.peers.smtp_peer import SmtpPeer
from tests.worker.postbox import WITHDRAW, authenticated, letter, send, taking_in

PEOPLE, CONNECTIONS = 30, 2


def test_a_letter_in_the_middle_of_a_campaign_stops_its_author_s_message(
    app: Flask, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
) -> None:
    """Real worker, real listener, real SMTP: the sure author and the plausible one alike."""
    people = road.subscribe(road.lay(), PEOPLE)
    number, go_on = road.campaign(), Event()
    environment["KELISIM_SMTP_CONNECTIONS"] = str(CONNECTIONS)
    environment["KELISIM_AUTHSERV_ID"] = "mx.glazik.example"
    with (
        taking_in(environment, tmp_path / "inbound.log") as port,
        road.working(environment, tmp_path / "worker.log", 1),
        held_after(0, peer, go_on) as hold,
    ):
        road.start(number)
        road.wait_for(lambda: peer.script.struck(hold) == CONNECTIONS)
        sure, plausible = [road.address(people.index(one)) for one in waiting(number, 2)]
        send(port, letter(sure, WITHDRAW, authenticated(sure)))
        send(port, letter(plausible, WITHDRAW))
        go_on.set()
        done = road.wait_until_done(number, 200)
    # A receipt of what they wrote belongs to no list; it is what they were mailed after that.
    mailed = {one.recipients[0] for one in peer.accepted if b"List-Unsubscribe:" in one.raw}
    assert not {sure, plausible} & mailed
    assert done["held"] == {"withdrawn": 1, "blocked": 1}
    assert done["accepted"] == len(mailed) == PEOPLE - 2
