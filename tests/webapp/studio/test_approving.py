"""Asking a colleague, on the page: two names, one yes, and nothing sent without it."""

import re
from collections.abc import Callable

import pytest
from flask import Flask

from mailing.base.database import db
from mailing.campaigns import campaigns
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import World


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"KELISIM_APPROVAL": "true"}


@pytest.fixture
def at(world: World) -> str:
    return f"/studio/campaigns/{world.campaign_id}"


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]+)"', page)
    assert found
    return found[1]


def test_the_road_of_an_approval(
    web: Flask, browse: Callable[[Role], Browser], world: World, at: str
) -> None:
    marketer, officer = browse(Role.MARKETER), browse(Role.OFFICER)
    page = marketer.get(f"{at}/ready?lang=en").text
    assert "a colleague has to approve it" in page
    assert "Send to 9 people" not in page
    assert marketer.post(f"{at}/start", {"expect": 9}).status_code == 403
    assert marketer.post(f"{at}/ask", {"note": "Қараңызшы"}).status_code == 303
    own = marketer.get(f"{at}/ready?lang=en").text
    assert "You had a hand in it" in own
    assert f'action="{at}/approve' not in own
    page = officer.get(f"{at}/ready?lang=en").text
    assert "Қараңызшы" in page
    shown = seen(page)
    assert marketer.post(f"{at}/approve", {"seen": shown}).status_code == 403
    assert officer.post(f"{at}/approve", {"seen": "0" * 64}).status_code == 409
    assert officer.post(f"{at}/approve", {"seen": shown}).status_code == 303
    page = marketer.get(f"{at}/ready?lang=en").text
    assert "approved by officer@example.com" in page
    assert "Written by marketer@example.com, approved by officer@example.com." in page
    assert "Send to 9 people" in page
    assert marketer.post(f"{at}/start", {"expect": 9, "seen": shown}).status_code == 303
    assert "approved by officer@example.com" in marketer.get(f"{at}/live?lang=en").text


def test_a_no_brings_its_note_and_a_taken_back_one_can_be_changed(
    web: Flask, browse: Callable[[Role], Browser], world: World, at: str
) -> None:
    marketer, officer = browse(Role.MARKETER), browse(Role.OFFICER)
    marketer.post(f"{at}/ask")
    officer.post(f"{at}/send-back", {"note": "Тым ұзын <b>"})
    assert "Тым ұзын &lt;b&gt;" in marketer.get(f"{at}/ready?lang=en").text
    marketer.post(f"{at}/ask")
    marketer.post(f"{at}/take-back")
    with web.app_context():
        assert campaigns.find(world.campaign_id).state == "draft"


def test_an_approval_that_became_void_is_said_and_stops_the_button(
    web: Flask, browse: Callable[[Role], Browser], world: World, at: str
) -> None:
    marketer, officer = browse(Role.MARKETER), browse(Role.OFFICER)
    marketer.post(f"{at}/ask")
    officer.post(f"{at}/approve", {"seen": seen(officer.get(f"{at}/ready").text)})
    with web.app_context():
        db.session.execute(db.text("UPDATE campaign_bodies SET subject = subject || '.'"))
        db.session.commit()
    page = marketer.get(f"{at}/ready?lang=en").text
    assert "the approval is void" in page
    assert "approved by" not in page.replace("approved by officer@example.com.", "")
    assert marketer.post(f"{at}/start", {"expect": 9}).status_code == 403
