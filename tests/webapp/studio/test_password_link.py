"""A lost password and an invitation, as the pages have them."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.base.tokens import AccountToken, link_keys
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import PASSWORD, World
from webapp.studio.throttle import ONE_ACCOUNT

VIEWER = "viewer@example.com"
NEW = "another four good words"


@pytest.fixture
def stranger(web: Flask, world: World, crew: None) -> Browser:
    return Browser(web.test_client())


def link(web: Flask) -> str:
    """The address in the newest mail."""
    with web.app_context():
        query = "SELECT delivery_id FROM account_mails ORDER BY created_at DESC LIMIT 1"
        newest = db.session.execute(text(query)).scalar_one()
        token = AccountToken(newest).text(link_keys(web.extensions["kelisim"].secret_keys))
    return f"/studio/password/{token}"


def ask(browser: Browser, email: str = VIEWER) -> str:
    answer = browser.post("/studio/lost-password?lang=en", {"email": email})
    assert answer.status_code == 200
    return answer.text


def test_the_answer_is_the_same_whoever_has_the_address(stranger: Browser) -> None:
    known, unknown = ask(stranger), ask(stranger, "nobody1@example.com")
    assert known.replace(VIEWER, "X") == unknown.replace("nobody1@example.com", "X")


def test_what_is_no_address_is_said_so_and_kept(stranger: Browser) -> None:
    answer = stranger.post("/studio/lost-password?lang=en", {"email": "viewer<script>"})
    assert answer.status_code == 422
    assert 'value="viewer&lt;script&gt;"' in answer.text


def test_the_link_sets_a_password_with_which_one_logs_in(web: Flask, stranger: Browser) -> None:
    ask(stranger)
    address = link(web)
    assert VIEWER in stranger.get(address).text
    assert stranger.post(address, {"password": NEW, "again": NEW}).status_code == 303
    assert stranger.log_in(VIEWER, PASSWORD).status_code == 422
    assert stranger.log_in(VIEWER, NEW).status_code == 303
    used = Browser(web.test_client()).get(f"{address}?lang=en")
    assert used.status_code == 404
    assert "Mail me a new link" in used.text


@pytest.mark.parametrize(
    ("password", "again", "field"),
    [("Zx9#kq", "Zx9#kq", "password"), (NEW, "x", "again"), ("a" * 20, "a" * 20, "password")],
)
def test_a_password_that_cannot_be_leaves_the_link_as_it_is(
    web: Flask, stranger: Browser, password: str, again: str, field: str
) -> None:
    ask(stranger)
    answer = stranger.post(link(web), {"password": password, "again": again})
    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text
    assert password not in answer.text
    assert stranger.get(link(web)).status_code == 200


def test_a_link_set_by_mail_ends_what_a_thief_had_open(
    web: Flask, stranger: Browser, browse: Callable[[Role], Browser]
) -> None:
    thief = browse(Role.VIEWER)
    ask(stranger)
    stranger.post(link(web), {"password": NEW, "again": NEW})
    assert thief.get("/studio/campaigns").status_code == 303


def test_asking_over_and_over_is_braked_for_the_network_and_not_for_the_victim(
    web: Flask, stranger: Browser
) -> None:
    for _ in range(ONE_ACCOUNT.free):
        ask(stranger)
    refused = stranger.post("/studio/lost-password", {"email": VIEWER})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 1
    victim = Browser(web.test_client())
    victim.client.environ_base["REMOTE_ADDR"] = "198.51.100.9"
    ask(victim)
    assert victim.log_in(VIEWER).status_code == 303
