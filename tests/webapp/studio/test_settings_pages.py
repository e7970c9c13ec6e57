"""Settings as an admin changes them, and as everybody reads them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import operator
from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import World, let_go

NAMED = {"name": "Koktem LLP", "bin": "987654321098", "address": "Abai Avenue 1, Almaty"}


@pytest.fixture
def boss(world: World, browse: Callable[[Role], Browser]) -> Browser:
    return browse(Role.ADMIN)


def logged(action: str) -> list[str]:
    query = text("SELECT subject FROM audit_log WHERE action = :action")
    return list(db.session.scalars(query, {"action": action}))


def test_everybody_reads_the_settings_and_only_an_admin_changes_them(
    world: World, browse: Callable[[Role], Browser]
) -> None:
    viewer = browse(Role.VIEWER)
    page = viewer.get("/studio/settings?lang=en").text
    assert "Glazik Kazakhstan LLP" in page
    assert "Name the operator" not in page
    assert "Make the key" not in viewer.get("/studio/settings/domain?lang=en").text
    for path in ("operator", "domain", "key"):
        assert viewer.post(f"/studio/settings/{path}", NAMED).status_code == 403


def test_an_admin_names_the_operator_and_every_page_says_it(web: Flask, boss: Browser) -> None:
    answer = boss.post("/studio/settings/operator", NAMED)
    assert answer.status_code == 303
    assert "Koktem LLP" in boss.get("/studio/settings?lang=en").text
    public = web.test_client().get("/policy?lang=en").text
    assert "Koktem LLP" in public
    assert "987654321098" in public
    with web.app_context():
        assert logged("operator named") == ["installation"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"name": " "}, "name"), ({"bin": "12"}, "bin"), ({"address": ""}, "address")],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(
    web: Flask, boss: Browser, wrong: dict[str, str], field: str
) -> None:
    answer = boss.post("/studio/settings/operator?lang=en", {**NAMED, **wrong})
    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text
    kept = next(value for name, value in NAMED.items() if name != field)
    assert f'value="{kept}"' in answer.text
    with web.app_context():
        assert operator.shown().name == "Glazik Kazakhstan LLP"


def test_nobody_renames_the_operator_under_a_campaign_on_its_way(
    web: Flask, boss: Browser, world: World
) -> None:
    let_go(web, world, ["accepted"])
    answer = boss.post("/studio/settings/operator?lang=en", NAMED)
    assert answer.status_code == 409
    assert f"Campaign {world.campaign_id} is being sent" in answer.text
    with web.app_context():
        assert operator.shown().name == "Glazik Kazakhstan LLP"
        assert logged("operator named") == []


def test_the_same_name_again_is_no_change_and_stops_nobody(
    web: Flask, boss: Browser, world: World
) -> None:
    boss.post("/studio/settings/operator", NAMED)
    let_go(web, world, ["accepted"])
    assert boss.post("/studio/settings/operator", NAMED).status_code == 303
    with web.app_context():
        assert logged("operator named") == ["installation"]


def test_a_key_is_made_and_the_page_says_what_to_publish_and_what_to_set(
    web: Flask, boss: Browser, settings: Settings
) -> None:
    answer = boss.post("/studio/settings/key?lang=en", {"selector": "k2026", "algorithm": "rsa"})
    assert answer.status_code == 200
    path = settings.var / "dkim" / "k2026.glazik.example.pem"
    for said in ("k2026._domainkey.glazik.example", "v=DKIM1; k=rsa; p=", f"KEY_FILE={path}"):
        assert said in answer.text
    secret = Path(path).read_text().splitlines()[1]
    assert secret not in answer.text
    again = boss.post("/studio/settings/key?lang=en", {"selector": "k2026", "algorithm": "rsa"})
    assert again.status_code == 422
    assert 'id="selector-wrong"' in again.text
    with web.app_context():
        assert logged("signing key made") == ["sending domain"]


def test_looking_the_domain_up_is_asked_for_and_shown_as_waited_for(
    web: Flask, boss: Browser
) -> None:
    assert boss.post("/studio/settings/domain").status_code == 303
    page = boss.get("/studio/settings/domain?lang=en").text
    assert "A worker is looking them up" in page
    assert "v=DMARC1" in page
    with web.app_context():
        assert logged("dns looked up") == ["sending domain"]
