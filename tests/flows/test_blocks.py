"""Blocks from the draft to the octets at the relay, and a test of them beforehand."""

import email
from base64 import b64decode
from email.header import decode_header, make_header
from pathlib import Path

from flask import Flask

from mailing.base.database import db
from mailing.base.operator import operator_of
from mailing.base.settings import Settings
from mailing.campaigns.blocks import Block, to_body
from mailing.campaigns.content import Content
from mailing.deliveries import drafts, trials, trying
from mailing.deliveries.message import inspect
from mailing.deliveries.trying import Wish
from tests import road
from tests.peers.smtp_peer import SmtpPeer

WRITTEN = [
    Block("heading", {"words": "Сәлем, {{ given_name|default('оқырман') }}"}),
    Block("text", {"text": "Қысқы топтама: әдемі, жеңіл, **берік**."}),
    Block("columns", {"left": "Ұсыныс", "right": "[Іс-шара](https://glazik.example/event)"}),
    Block("button", {"words": "Көру", "link": "https://glazik.example/new"}),
]


def test_blocks_in_kazakh_arrive_whole_and_their_test_is_in_no_report(
    app: Flask, environment: dict[str, str], settings: Settings, peer: SmtpPeer, tmp_path: Path
) -> None:
    policy = road.lay()
    road.subscribe(policy, 5)
    content = Content("kk", "Қысқы топтама", to_body(WRITTEN), "blocks", "Жаңа")
    draft = drafts.create("news", content, road.ACTOR)
    trying.send(draft, Wish("kk", "nameless", ["staff@example.org"]), road.ACTOR)
    db.session.commit()
    number = draft.id
    with road.working(environment, tmp_path / "worker.log"):
        # The first wait holds the start of the worker's process as well.
        road.wait_for(lambda: _states(number) == ["accepted"], 180)
        assert [message.recipients for message in peer.accepted] == [["staff@example.org"]]
        assert road.start(number) == 5
        done = road.wait_until_done(number)
    assert done["accepted"] == done["audience"] == 5
    test, *real = [message.raw for message in peer.accepted]
    assert str(make_header(decode_header(_read(test)["Subject"]))) == "[Test] Қысқы топтама"
    assert len(real) == 5
    for raw in real:
        assert inspect(raw, operator_of(settings)) == []
        for face in _faces(raw):
            for words in ("Қысқы топтама", "берік", "Ұсыныс", "https://glazik.example/event"):
                assert words in face
            assert "https://glazik.example/new" in face
            assert "{{" not in face


def _states(number: int) -> list[str]:
    db.session.rollback()
    return [one.state for one in trials.of(number)]


def _read(raw: bytes) -> email.message.Message:
    return email.message_from_bytes(raw)


def _faces(raw: bytes) -> list[str]:
    """Text and HTML, from the base64 that went over the wire."""
    parts = [part for part in _read(raw).walk() if not part.is_multipart()]
    assert [part["Content-Transfer-Encoding"] for part in parts] == ["base64", "base64"]
    return [b64decode(str(part.get_payload())).decode() for part in parts]
