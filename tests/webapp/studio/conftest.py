"""The studio as staff meet it: logged in under a role, with topics and people to write to."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mailing.base.database import db
from mailing.campaigns import campaigns
from mailing.campaigns.content import Content
from mailing.people import subscribers, topics
from mailing.people.address import canonical
from mailing.people.ledger import Kind, NewEntry, append_many
from mailing.policies import versions
from mailing.policies.versions import NewText
from mailing.staff import staff
from mailing.staff.audit import Actor
from mailing.staff.staff import Role

PASSWORD = "four unrelated words here"
MARKETER = Actor("staff 2", Role.MARKETER)


@dataclass
class Browser:
    """A test client that reads the form's token before it posts, as a browser does."""

    client: FlaskClient

    def get(self, path: str, **how: object) -> TestResponse:
        return self.client.get(path, **how)

    def post(self, path: str, form: Mapping[str, object] | None = None) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token(), **(form or {})})

    def token(self) -> str:
        page = self.client.get("/studio/login", follow_redirects=True).text
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert found
        return found[1]

    def log_in(self, email: str, password: str = PASSWORD, **more: object) -> TestResponse:
        return self.post("/studio/login", {"email": email, "password": password, **more})


@pytest.fixture
def crew(web: Flask) -> None:
    """One person of each role: admin@, marketer@, officer@, viewer@example.com."""
    with web.app_context():
        for role in Role:
            staff.add(f"{role}@example.com", role, PASSWORD)
        db.session.commit()


@pytest.fixture
def browse(web: Flask, crew: None) -> Callable[[Role], Browser]:
    """A browser in which somebody of this role has logged in."""

    def logged_in(role: Role) -> Browser:
        browser = Browser(web.test_client())
        answer = browser.log_in(f"{role}@example.com")
        assert answer.status_code == 303, answer.text
        return browser

    return logged_in


@dataclass(frozen=True)
class World:
    """Numbers of what `world` made."""

    topic_id: int
    policy_id: int
    campaign_id: int


@pytest.fixture
def world(web: Flask) -> World:
    """A policy, the topic `offers` with nine yeses, one open request and two who left; a draft."""
    with web.app_context():
        policy = _policy()
        topic = topics.add("offers", "special_offers", "Ұсыныстар", "Предложения", "Offers")
        _people(topic.id, policy.id)
        content = Content("kk", "Қараша хаты", "Құрметті оқырман, **жаңалық** бар.")
        campaign = campaigns.create("offers", content, MARKETER)
        made = World(topic.id, policy.id, campaign.id)
        db.session.commit()
    return made


def _policy() -> versions.PolicyVersion:
    text = versions.import_text("Саясат\n".encode(), NewText("kk", date(2024, 10, 1)))
    return versions.publish(versions.find(text.policy_id))


def _people(topic_id: int, policy_id: int) -> None:
    yes = [Kind.REQUESTED, Kind.GIVEN]
    stories = [yes] * 9 + [[Kind.REQUESTED], [*yes, Kind.UNSUBSCRIBED], [*yes, Kind.UNSUBSCRIBED]]
    entries = []
    for number, kinds in enumerate(stories):
        person = subscribers.create(canonical(f"person{number}@example.com"), "kk").id
        entries += [NewEntry(person, kind, topic_id, policy_id, "form", "person") for kind in kinds]
    append_many(entries)
