"""A withdrawal that is mailed in the middle of a running campaign stops that person's message."""

from pathlib import Path

from flask import Flask

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
    road.subscribe(policy, count)
    number = road.campaign()
    environment["KELISIM_AUTHSERV_ID"] = "mx.glazik.example"
    sure, plausible = road.address(count - 1), road.address(count - 2)
    peer.behave(Fault(Stage.DOT, wait=2.0))
    with (
        road.working(environment, tmp_path / "worker.log"),
        taking_in(environment, tmp_path / "inbound.log") as port,
    ):
        road.start(number)
        road.wait_for(lambda: peer.accepted)
        before = {message.recipients[0] for message in list(peer.accepted)}
        send(port, letter(sure, WITHDRAW, authenticated(sure)))
        send(port, letter(plausible, WITHDRAW))
        peer.heal()
        done = road.wait_until_done(number)
    reached = {message.recipients[0] for message in peer.accepted if b"X-Kelisim" in message.raw}
    told = done["held"]
    assert not {sure, plausible} & before, "they were reached before they wrote"
    assert sure not in reached
    assert (told["withdrawn"], told["blocked"]) == (1, 1)
    assert done["accepted"] == count - 2
