"""The main road with real parts: PostgreSQL, Valkey, a Celery worker process, an SMTP peer."""

import email
import random
import threading
import time
from collections import Counter
from pathlib import Path

from flask import Flask

from mailing.base.database import db
from mailing.leaving import links
from tests import road
from tests.peers.faults import Fault, Stage
from tests.peers.smtp_peer import SmtpPeer


def test_a_campaign_reaches_everybody_once_and_nobody_else(
    app: Flask, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
) -> None:
    policy = road.lay()
    ids = road.subscribe(policy, 300)
    links.by_token(road.leave_token(ids[7]), 0)
    number = road.campaign()
    with road.working(environment, tmp_path / "worker.log"):
        assert road.start(number) == 299
        done = road.wait_until_done(number)
    assert done["accepted"] == 299
    reached = Counter(message.recipients[0] for message in peer.accepted)
    assert set(reached.values()) == {1}
    assert set(reached) == {road.address(i) for i in range(300)} - {road.address(7)}
    assert peer.records.complaints == []


def test_nobody_is_mailed_after_an_answer_that_did_not_name_the_message(
    app: Flask, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
) -> None:
    policy = road.lay()
    count = 3000
    ids = road.subscribe(policy, count)
    first, second = road.campaign(), road.campaign(subject="Екінші")
    answers: dict[str, tuple[float, set[str]]] = {}
    leaving = random.Random(7).sample(range(count), 200)

    def leave_one_after_another() -> None:
        with app.app_context():
            for number in leaving:
                receipt = links.by_token(road.leave_token(ids[number]), 1.0)
                assert receipt is not None
                named = {message["message_id"] for message in receipt.in_flight}
                answers[road.address(number)] = (time.monotonic(), named)
            db.session.remove()

    # A relay that takes its time, so that people leave in the middle on any machine.
    peer.behave(Fault(Stage.DOT, wait=0.1))
    with road.working(environment, tmp_path / "worker.log"):
        road.start(first)
        road.wait_for(lambda: len(peer.accepted) > 50)
        leavers = threading.Thread(target=leave_one_after_another)
        leavers.start()
        done = road.wait_until_done(first)
        leavers.join()
        peer.heal()
        assert road.start(second) == count - len(leaving)
        again = road.wait_until_done(second)
    assert done["accepted"] + done["held"]["unsubscribed"] == count
    assert done["held"]["unsubscribed"] > 20, "the leavers came too late to be seen"
    assert again["accepted"] == count - len(leaving)
    for message in peer.accepted:
        answered_at, named = answers.get(message.recipients[0], (float("inf"), set()))
        message_id = str(email.message_from_bytes(message.raw)["Message-ID"]).strip("<>")
        assert message.dot_at is not None
        assert message.dot_at < answered_at or message_id in named
    reached = Counter((m.recipients[0], _subject(m.raw)) for m in peer.accepted)
    assert set(reached.values()) == {1}


def _subject(raw: bytes) -> str:
    return str(email.message_from_bytes(raw)["Subject"])
