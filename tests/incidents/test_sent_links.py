"""The links of a message, taken from its own octets and followed as their reader would."""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from mailing.base.database import db, dsn
from mailing.base.settings import Settings, current
from mailing.deliveries import letters
from tests import road
from tests.deliveries.conftest import Sender, a_sender
from tests.person import Person, confirmations_of
from webapp.app import create_app

# User agents that filters elsewhere took for machines, and answered without doing anything.
AGENTS = (
    "",
    "Googlebot/2.1 (+http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0)",
    "Barracuda Sentinel (EE)",
    "curl/8.5.0",
    "python-requests/2.32",
    "Go-http-client/1.1",
    "Mozilla/5.0 (Windows NT 10.0; Microsoft Defender SafeLinks)",
)


@pytest.fixture
def web(settings: Settings) -> Iterator[Flask]:
    application = create_app(settings)
    yield application
    with application.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def client(web: Flask) -> FlaskClient:
    return web.test_client()


def sent(web: Flask, settings: Settings) -> tuple[UUID, EmailMessage]:
    """A campaign's message to somebody, as its octets say after gate and rendering."""
    with web.app_context(), a_sender(settings) as sender:
        road.under_way(1)
        return _written(sender)


def _written(sender: Sender) -> tuple[UUID, EmailMessage]:
    (passed,) = sender.ask(sender.claim())
    octets = letters.Letters(current()).write(passed).message
    message = message_from_bytes(octets, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return passed.subscriber_id, message


def ways_out(message: EmailMessage) -> dict[str, str]:
    """Every https way to leave: of the header, the text part and the HTML part."""
    (header,) = re.findall(r"<(https?://[^>]+)>", str(message["List-Unsubscribe"]))
    found = {"header": header}
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        assert part is not None
        content = unescape(part.get_content())
        (found[kind],) = set(re.findall(r"https?://[^\s\"<>]+/u/[\w-]+", content))
    return found


def _path(address: str) -> str:
    return urlsplit(address).path


def _standing(web: Flask, subscriber: UUID, topic: str = "news") -> str:
    query = text(
        "SELECT standing FROM standings s JOIN topics t ON t.id = s.topic_id "
        "WHERE subscriber_id = :id AND slug = :topic"
    )
    with web.app_context():
        return str(db.session.execute(query, {"id": subscriber, "topic": topic}).scalar_one())


@pytest.mark.parametrize("where", ["header", "plain", "html"])
def test_each_way_out_of_the_octets_that_leave_lets_its_reader_leave(
    web: Flask, client: FlaskClient, settings: Settings, where: str
) -> None:
    """T39 (the link carried a hash that nobody could leave by), T41 (broken in one part only)."""
    subscriber, message = sent(web, settings)
    ways = ways_out(message)
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert all(way.startswith(settings.public_url) for way in ways.values())
    assert client.get(_path(ways[where])).status_code == 200
    assert _standing(web, subscriber) == "given"
    assert client.post(_path(ways[where]), data={"page": "1"}).status_code == 200
    assert _standing(web, subscriber) == "unsubscribed"


def test_a_link_outlives_its_campaign_and_the_key_that_it_was_made_with(
    web: Flask, settings: Settings
) -> None:
    """T40: it works after the delivery and campaign are gone and the ring has a newer key."""
    subscriber, message = sent(web, settings)
    path = _path(ways_out(message)["html"])
    with psycopg.connect(dsn(settings.database), autocommit=True) as database:
        for table in ("deliveries", "batches", "audience_chunks", "campaigns"):
            database.execute(f"DELETE FROM {table}")  # noqa: S608 - names of the line above
    newer = settings.model_copy(update={"secret_keys": ("n" * 43, *settings.secret_keys)})
    later = create_app(newer)
    assert later.test_client().post(path).status_code == 200
    with later.app_context():
        db.engine.dispose()
    assert _standing(web, subscriber) == "unsubscribed"


@pytest.mark.parametrize("agent", AGENTS)
def test_whoever_posts_has_left_whatever_program_they_use(
    web: Flask, client: FlaskClient, settings: Settings, agent: str
) -> None:
    """T33: a filter by user agent answered 200 elsewhere and dropped a real wish."""
    subscriber, message = sent(web, settings)
    path = _path(ways_out(message)["header"])
    headers = {"User-Agent": agent, "Accept": "application/json"}
    answer = client.post(path, data=b"List-Unsubscribe=One-Click", headers=headers)
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["receipt"]
    assert _standing(web, subscriber) == "unsubscribed"


def test_the_link_of_a_mail_about_two_topics_leaves_both(
    web: Flask, client: FlaskClient, settings: Settings
) -> None:
    """T11: elsewhere the link left only the first of the lists that a mail was about."""
    with web.app_context(), a_sender(settings) as sender:
        person = Person(road.lay())
        person.ask("news", "offers")
        assert len(confirmations_of(person.address)) == 1
        subscriber, message = _written(sender)
    assert client.post(_path(ways_out(message)["header"])).status_code == 200
    for topic in ("news", "offers"):
        assert _standing(web, subscriber, topic) == "unsubscribed"
