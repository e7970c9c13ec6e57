"""Pages that a posted form left behind: another language, the domain's sentence, the way back."""

import re

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.staff.staff import Role
from tests.requests.desk import asked, came_in, letter
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.test_requests import Browse, with_message
from tests.webapp.studio.world import World


@pytest.fixture
def officer(web: Flask, world: World, browse: Browse) -> Browser:
    return browse(Role.OFFICER)


def test_another_language_on_a_posted_page_leads_to_the_page_above_it(
    web: Flask, officer: Browser
) -> None:
    number = with_message(web, letter())
    page = officer.post(f"/studio/requests/{number}/original").text
    assert re.findall(r'href="([^"]*)" lang="ru"', page) == [f"/studio/requests/{number}?lang=ru"]
    assert "/original?lang=" not in page


def test_a_no_of_the_desk_is_said_in_the_language_spoken(web: Flask, officer: Browser) -> None:
    with web.app_context():
        number = asked().id
    form = {"resolution": "done", "reason": ""}
    page = officer.post(f"/studio/requests/{number}/close?lang=ru", form).text
    assert "Укажите, почему обращение закрыто; причина сохраняется." in page
    assert "Say why it is closed" not in page
    missing = officer.get("/studio/requests/99999?lang=kk").text
    assert "Мұндай өтініш жоқ: 99999." in missing


def test_no_choice_of_a_kind_is_said_beside_the_choice(web: Flask, officer: Browser) -> None:
    number = with_message(web, letter())
    answer = officer.post(f"/studio/requests/{number}/kind?lang=en", {"kind": ""})
    assert answer.status_code == 422
    assert 'id="kind-wrong">Choose what this message is.' in answer.text


def test_why_a_message_was_kept_is_said_in_the_language_spoken(
    web: Flask, officer: Browser
) -> None:
    with web.app_context():
        came_in(letter())
        db.session.execute(text("UPDATE inbound_messages SET reason = 'written by a machine'"))
        db.session.commit()
    page = officer.get("/studio/requests/kept?lang=ru").text
    assert "написано программой" in page
    assert page.count('aria-current="page"') == 1


def test_campaigns_of_which_something_came_back_are_listed_and_lead_to_it(
    web: Flask, officer: Browser, world: World
) -> None:
    with web.app_context():
        db.session.execute(
            text(
                "INSERT INTO returns (delivery_id, subscriber_id, campaign_id, kind, status,"
                " inbound_id, at) SELECT gen_random_uuid(), p.id, :campaign, kind, '', 0, :at"
                " FROM unnest(ARRAY['hard', 'soft', 'complaint', 'seen']) kind,"
                " (SELECT id FROM subscribers LIMIT 1) p"
            ),
            {"campaign": world.campaign_id, "at": clock.now()},
        )
        db.session.commit()
    page = officer.get("/studio/returns?lang=en").text
    assert f"campaign={world.campaign_id}" in page
    assert 'data-label="Messages that bounced">2</td>' in page
    assert 'data-label="Complaints">1</td>' in page
