"""The preview shows the message as it would arrive, and gives it no rights."""

from collections.abc import Callable

import pytest
from flask import Flask

from mailing.base.database import db
from mailing.campaigns import campaigns
from mailing.campaigns.content import Content
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import MARKETER, World


@pytest.fixture
def viewer(browse: Callable[[Role], Browser], world: World) -> Browser:
    return browse(Role.VIEWER)


@pytest.fixture
def at(world: World) -> str:
    return f"/studio/campaigns/{world.campaign_id}/preview"


def test_the_frame_has_neither_script_nor_form_nor_our_origin(viewer: Browser, at: str) -> None:
    assert '<iframe class="preview-frame" sandbox=""' in viewer.get(at).text
    policy = viewer.get(f"{at}/frame").headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy


def test_html_text_and_source_hold_the_message_and_the_way_out(viewer: Browser, at: str) -> None:
    assert "<strong>жаңалық</strong>" in viewer.get(f"{at}/frame").text
    assert "Құрметті оқырман" in viewer.get(f"{at}?part=text").text
    source = viewer.get(f"{at}?part=source").text
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in source


def test_each_written_language_has_its_own_preview(
    web: Flask, viewer: Browser, world: World, at: str
) -> None:
    with web.app_context():
        campaign = campaigns.find(world.campaign_id)
        campaigns.edit(campaign, Content("ru", "Письмо", "Есть новость."), MARKETER)
        db.session.commit()
    assert "Есть новость." in viewer.get(f"{at}/frame?language=ru").text
    assert "жаңалық" in viewer.get(f"{at}/frame?language=kk").text
    assert "жаңалық" in viewer.get(f"{at}/frame?language=xx").text


def test_a_message_that_cannot_be_made_says_why_instead(
    web: Flask, viewer: Browser, world: World, at: str
) -> None:
    with web.app_context():
        campaign = campaigns.find(world.campaign_id)
        broken = Content("kk", "Хат", "Сәлем, {{ given_name }}!")
        campaigns.edit(campaign, broken, MARKETER)
        db.session.commit()
    page = viewer.get(f"{at}?lang=en").text
    assert "The message cannot be made." in page
    assert "given_name" in page
    assert "<iframe" not in page
    assert viewer.get(f"{at}/frame").status_code == 422
