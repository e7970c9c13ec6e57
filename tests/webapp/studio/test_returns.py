"""Bounces in the studio: held back until a person decides, and the brake in words."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.deliveries.storms import Storm
from mailing.inbound import outcomes
from mailing.staff.permissions import PERMISSIONS, Act
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import World

_NUMBERS = iter(range(1_000_000))


def a_storm(web: Flask) -> int:
    """A storm that nobody has decided; its number."""
    with web.app_context():
        storm = Storm(
            cause=str(next(_NUMBERS)).encode(),
            provider="mail.example",
            sample="5.1.1 no such user here",
            state="open",
            began_at=clock.now(),
            last_at=clock.now(),
        )
        db.session.add(storm)
        db.session.commit()
        return storm.id


@pytest.mark.parametrize("act", ["suppress", "forget"])
def test_a_storm_is_shown_until_somebody_decides(
    web: Flask, browse: Callable[[Role], Browser], act: str
) -> None:
    number = a_storm(web)
    browser = browse(Role.OFFICER)
    assert "mail.example" in browser.get("/studio/returns?lang=en").text
    assert browser.post(f"/studio/returns/{number}/{act}").status_code == 303
    assert "Nothing is held back." in browser.get("/studio/returns?lang=en").text
    assert browser.post(f"/studio/returns/{number}/{act}").status_code == 409


def test_reports_that_changed_nothing_are_counted(
    web: Flask, browse: Callable[[Role], Browser]
) -> None:
    with web.app_context():
        for number, why in enumerate(("forged", "forged", "old")):
            outcomes.ignore(number, why)
        outcomes.ignore(0, "forged")
        db.session.commit()
    page = browse(Role.MARKETER).get("/studio/returns?lang=en").text
    assert 'Not signed by us</th><td class="number">2' in page
    assert 'together</th><td class="number">3' in page


def test_whoever_only_looks_decides_nothing(web: Flask, browse: Callable[[Role], Browser]) -> None:
    number = a_storm(web)
    assert Role.VIEWER not in PERMISSIONS[Act.DECIDE_BOUNCES]
    assert browse(Role.VIEWER).post(f"/studio/returns/{number}/forget").status_code == 403


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_brake_says_why_in_words(
    web: Flask, browse: Callable[[Role], Browser], world: World, language: str
) -> None:
    brake = '{"what": "bounces", "number": 12, "out": 200, "limit": 5}'
    with web.app_context():
        db.session.execute(
            text("UPDATE campaigns SET state = 'paused', audience = 9, brake = CAST(:b AS jsonb)"),
            {"b": brake},
        )
        db.session.commit()
    address = f"/studio/campaigns/{world.campaign_id}/live?lang={language}"
    page = browse(Role.VIEWER).get(address).text
    words = {
        "kk": "Науқан өзі кідірді",
        "ru": "Рассылка остановилась сама",
        "en": "It paused itself",
    }
    assert words[language] in page
    assert "12" in page
