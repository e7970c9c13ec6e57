"""The exported ledger against the sink: each person in one line, and the line is what happened."""

import csv
import io
import random
import threading
from pathlib import Path

from flask import Flask

from mailing.base.database import db
from mailing.base.sheets import sheet
from mailing.campaigns import campaigns, segments, sentences
from mailing.deliveries import lines
from mailing.leaving import links
from tests import road
from tests.peers.faults import Fault, Stage
from tests.peers.smtp_peer import SmtpPeer

COUNT, INSIDE = 200, 150


def exported(number: int) -> dict[str, tuple[str, str]]:
    """Outcome and reason by address, as the sheet has them; fails for somebody in two lines."""
    campaign = campaigns.find(number)
    written = sheet(lines.HEADS, (one.cells for one in lines.of(campaign)))
    rows = list(csv.DictReader(io.StringIO(written.removeprefix("\ufeff"))))
    assert len({row["email"] for row in rows}) == len(rows)
    return {row["email"]: (row["outcome"], row["reason"]) for row in rows}


def test_the_sheets_lines_are_the_addresses_at_the_sink(
    app: Flask, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
) -> None:
    """T52: shown, exported and received are the same sets, with people leaving meanwhile."""
    policy = road.lay()
    ids = road.subscribe(policy, COUNT)
    gone = set(range(0, COUNT, 40))
    for number in gone:
        links.by_token(road.leave_token(ids[number]), 0)
    db.session.execute(
        db.text("UPDATE subscribers SET language = 'ru' WHERE id = ANY (:ids)"),
        {"ids": ids[INSIDE:]},
    )
    said = {"about": "language", "how": "one_of", "values": ["kk"]}
    made = segments.save("Қазақша", sentences.read({"sentences": [said]}), road.ACTOR)
    number = road.campaign()
    campaigns.narrow(number, made, road.ACTOR)
    db.session.commit()
    before = exported(number)
    inside = {road.address(n) for n in range(INSIDE)}
    assert set(before) == inside, "whoever is outside the segment is in no line"
    leaving = random.Random(5).sample([n for n in range(INSIDE) if n not in gone], 25)

    def leave_one_after_another() -> None:
        with app.app_context():
            for one in leaving:
                links.by_token(road.leave_token(ids[one]), 0)
            db.session.remove()

    peer.behave(Fault(Stage.DOT, wait=0.05))
    with road.working(environment, tmp_path / "worker.log", concurrency=1):
        road.start(number)
        road.wait_for(lambda: len(peer.accepted) > 5)
        leavers = threading.Thread(target=leave_one_after_another)
        leavers.start()
        road.wait_for(lambda: len(peer.accepted) > 30)
        assert set(exported(number)) == inside, "during"
        leavers.join()
        road.wait_until_done(number)
    after = exported(number)
    reached = {message.recipients[0] for message in peer.accepted}
    assert set(after) == inside
    assert {address for address, line in after.items() if line == ("accepted", "")} == reached
    kept = {address for address, line in after.items() if line == ("held", "unsubscribed")}
    assert kept == inside - reached
    assert {road.address(one) for one in gone if one < INSIDE} <= kept
    assert kept - {road.address(one) for one in gone} <= {road.address(one) for one in leaving}
