"""Logging in and out, and what a login is worth."""

from collections.abc import Callable

import pytest
from flask import Flask

from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.staff import audit, staff
from mailing.staff.staff import Role
from tests.webapp.conftest import With
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import PASSWORD
from webapp.studio.sessions import COOKIE


@pytest.fixture
def browser(web: Flask, crew: None) -> Browser:
    return Browser(web.test_client())


def test_the_right_password_opens_the_studio_and_is_logged(web: Flask, browser: Browser) -> None:
    answer = browser.log_in("marketer@example.com")
    assert answer.status_code == 303
    assert browser.get("/studio/campaigns").status_code == 200
    with web.app_context():
        assert [entry.action for entry in audit.latest()] == ["log in"]


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("marketer@example.com", "wrong wrong wrong"),
        ("nobody@example.com", PASSWORD),
        ("marketer@example.com\0", PASSWORD),
        ("", ""),
    ],
)
def test_a_failed_login_never_says_what_was_wrong(
    browser: Browser, email: str, password: str
) -> None:
    answer = browser.log_in(email, password)
    assert answer.status_code == 422
    assert (
        "The address or the password is wrong."
        in browser.post("/studio/login?lang=en", {"email": email, "password": password}).text
    )
    assert browser.get("/studio/campaigns").status_code == 303


def test_the_cookie_lives_under_studio_alone_and_no_script_reads_it(browser: Browser) -> None:
    cookie = browser.log_in("viewer@example.com").headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "Path=/studio" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_over_https_the_cookie_is_secure(with_settings: With) -> None:
    client = with_settings(public_url="https://mail.glazik.example")
    answer = client.get("/studio/login", base_url="https://mail.glazik.example")
    assert "Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("path", ["/", "/policy", "/healthz", "/nowhere"])
def test_public_pages_neither_set_nor_vary_by_a_cookie(browser: Browser, path: str) -> None:
    browser.log_in("admin@example.com")
    answer = browser.get(path)
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")


@pytest.mark.parametrize("change", ["password", "role", "deactivate"])
def test_a_login_ends_when_password_or_role_changes(
    web: Flask, browser: Browser, change: str
) -> None:
    browser.log_in("viewer@example.com")
    with web.app_context():
        person = staff.find("viewer@example.com")
        {
            "password": lambda: staff.change_password(person, "another four good words"),
            "role": lambda: staff.change_role(person, Role.ADMIN),
            "deactivate": lambda: staff.deactivate(person),
        }[change]()
        db.session.commit()
    assert browser.get("/studio/campaigns").headers["Location"].startswith("/studio/login")


def test_logging_out_ends_the_login_and_a_get_does_not(browser: Browser) -> None:
    browser.log_in("viewer@example.com")
    assert browser.get("/studio/logout").status_code == 405
    assert browser.get("/studio/campaigns").status_code == 200
    assert browser.post("/studio/logout").status_code == 303
    assert browser.get("/studio/campaigns").status_code == 303


def test_a_login_is_over_after_twelve_hours(browser: Browser) -> None:
    browser.log_in("viewer@example.com")
    with browser.client.session_transaction(path="/studio/") as kept:
        kept["fs_paa"] -= 12 * 3600 + 1
    assert browser.get("/studio/campaigns").status_code == 303


def test_a_session_planted_before_the_login_is_worth_nothing_after_it(browser: Browser) -> None:
    browser.get("/studio/login")
    with browser.client.session_transaction(path="/studio/") as planted:
        planted["left_by_somebody"] = "x"
    browser.log_in("viewer@example.com")
    with browser.client.session_transaction(path="/studio/") as kept:
        assert "left_by_somebody" not in kept


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/studio/",
        "//evil.example/studio/",
        "/studio/\\evil.example",
        "/policy",
        "javascript:alert(1)",
        "",
    ],
)
def test_no_link_leads_out_of_the_studio_after_the_login(browser: Browser, target: str) -> None:
    answer = browser.log_in("viewer@example.com", next=target)
    assert answer.headers["Location"] == "/studio/"


def test_the_page_that_was_asked_for_comes_after_the_login(browser: Browser) -> None:
    asked = browser.get("/studio/campaigns?tab=sent")
    assert asked.headers["Location"] == "/studio/login?next=/studio/campaigns?tab%3Dsent"
    answer = browser.log_in("viewer@example.com", next="/studio/campaigns?tab=sent")
    assert answer.headers["Location"] == "/studio/campaigns?tab=sent"


def test_an_older_key_of_the_ring_still_reads_a_login(
    settings: Settings, with_settings: With, browser: Browser
) -> None:
    browser.log_in("viewer@example.com")
    cookie = browser.client.get_cookie(COOKIE, path="/studio")
    assert cookie
    ring = ("a-new-key-in-front-of-the-ring", *settings.secret_keys)
    after = with_settings(secret_keys=ring)
    after.set_cookie(COOKIE, cookie.value, path="/studio")
    assert after.get("/studio/campaigns").status_code == 200


def test_a_token_in_address_or_header_is_no_login(
    web: Flask, browse: Callable[[Role], Browser]
) -> None:
    with web.test_request_context():
        login = web.extensions["security"].datastore.find_user(
            fs_uniquifier=staff.find("admin@example.com").fs_uniquifier
        )
        token = login.get_auth_token()
    stranger = web.test_client()
    assert stranger.get(f"/studio/campaigns?auth_token={token}").status_code == 303
    header = {"Authentication-Token": token}
    assert stranger.get("/studio/campaigns", headers=header).status_code == 303
