"""The lost mail, from the page to the mailbox and back, with a real worker and a real relay."""

import json
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mailing.base.database import db
from mailing.people import subscribers
from mailing.people.canonical import canonical
from tests import road
from tests.peers.smtp_peer import SmtpPeer
from webapp.app import create_app

OLD, NEW = road.address(0), "moved@example.com"


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    application = create_app(app.extensions["kelisim"])
    yield application.test_client()
    with application.app_context():
        db.engine.dispose()


def mail_to(peer: SmtpPeer, address: str, number: int = 1) -> Message:
    """The message number so and so that this address got."""
    got = road.wait_for(lambda: to(peer, address)[number - 1 : number])
    return message_from_bytes(got[0])


def to(peer: SmtpPeer, address: str) -> list[bytes]:
    return [one.raw for one in peer.accepted if one.recipients == [address]]


def link_in(message: Message) -> str:
    """The button's address, the same in both parts."""
    parts = {part.get_content_subtype(): part for part in message.walk()}
    plain, html = (
        bytes(parts[name].get_payload(decode=True)).decode() for name in ("plain", "html")
    )
    [link] = set(re.findall(r"http://[^\s\"<>]+/(?:preferences|address|bundle)/[\w-]+", plain))
    assert f'href="{link}"' in html
    return str(link).removeprefix("http://127.0.0.1:8080")


def take_all_along(client: FlaskClient, link: str, peer: SmtpPeer) -> None:
    """The file is made by the worker, its link mailed, and it is handed out once."""
    assert "is being made" in client.post(f"{link}/bundle?lang=en").text
    page = link_in(mail_to(peer, OLD, 2))
    assert "Your data are ready" in client.get(f"{page}?lang=en").text
    file = client.post(page)
    assert file.mimetype == "application/zip"
    with ZipFile(BytesIO(file.data)) as archive:
        assert json.loads(archive.read("data.json"))["person"]["email"] == OLD
    again = client.post(f"{page}?lang=en")
    assert (again.status_code, "was downloaded on" in again.text) == (410, True)


def test_from_the_lost_mail_to_a_new_address(
    app: Flask, client: FlaskClient, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
) -> None:
    road.subscribe(road.lay(), 1)
    with road.working(environment, tmp_path / "worker.log"):
        client.post("/privacy", data={"email": OLD})
        asked = mail_to(peer, OLD)
        assert [name for name in asked if name.startswith("List-")] == []
        assert (asked["Auto-Submitted"], asked["Precedence"]) == ("auto-generated", None)
        link = link_in(asked)
        assert json.loads(client.post(f"{link}/data").data)["person"]["email"] == OLD
        take_all_along(client, link, peer)
        client.post(f"{link}/correct", data={"surname": "Оспан"})
        client.post(f"{link}/address", data={"email": NEW})
        ends = [link_in(mail_to(peer, OLD, 3)), link_in(mail_to(peer, NEW))]
        for end in ends:
            assert client.post(end, data={"say": "yes"}).status_code == 200
        number = road.campaign()
        road.start(number)
        assert road.wait_until_done(number)["accepted"] == 1
    assert len(to(peer, OLD)) == 3, "the campaign went to the new address"
    assert len(to(peer, NEW)) == 2
    assert peer.records.complaints == []
    found = subscribers.find(canonical(NEW))
    assert found is not None
    personal = subscribers.personal_of(found)
    assert personal is not None
    assert personal.surname == "Оспан"
