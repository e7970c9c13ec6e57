"""Logins in a real browser, without script: the second factor, a lost password, the last proof."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from passlib.totp import TOTP
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.tokens import AccountToken, link_keys
from tests.browser.axe import COLOURS, complaints
from tests.browser.width import width_of
from tests.webapp.studio.world import PASSWORD, make_crew, make_world
from webapp.studio import identity

pytestmark = pytest.mark.browser

LANGUAGES = ("kk", "ru", "en")
NEW = "another four good words"


@pytest.fixture
def at(site: str, web: Flask) -> str:
    make_world(web)
    make_crew(web)
    return site


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    contexts = []

    def opened(**how: object) -> Page:
        context = browser.new_context(locale="en-GB", **how)  # type: ignore[arg-type]
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


def log_in(page: Page, at: str, role: str, password: str = PASSWORD) -> None:
    page.goto(f"{at}/studio/login?lang=en")
    page.get_by_label("Your e-mail address").fill(f"{role}@example.com")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def link(web: Flask) -> str:
    """The address in the newest mail about a login."""
    with web.app_context():
        query = "SELECT delivery_id FROM account_mails ORDER BY created_at DESC LIMIT 1"
        newest = db.session.execute(text(query)).scalar_one()
        token = AccountToken(newest).text(link_keys(web.extensions["kelisim"].secret_keys))
    return f"{web.extensions['kelisim'].public_url}/studio/password/{token}?lang=en"


def set_up(page: Page, at: str) -> TOTP:
    """Set up a second factor as a person does; their telephone."""
    page.goto(f"{at}/studio/account?lang=en")
    page.get_by_role("link", name="Set up a second factor").click()
    page.get_by_role("button", name="Show me the key").click()
    telephone = TOTP(key=page.locator(".key code").inner_text().replace(" ", ""))
    page.get_by_label("Code").fill(str(telephone.generate().token))
    page.get_by_role("button", name="Put it in force").click()
    return telephone


def test_somebody_logs_in_with_a_code_of_their_telephone_and_then_with_a_recovery_code(
    open_page: Callable[..., Page], at: str
) -> None:
    page = open_page(java_script_enabled=False)
    log_in(page, at, "marketer")
    telephone = set_up(page, at)
    page.wait_for_load_state()
    codes = page.locator(".codes code").all_inner_texts()
    page.get_by_role("button", name="Log out").click()
    log_in(page, at, "marketer")
    expect(page.get_by_role("heading", name="Your code")).to_be_visible()
    later = clock.now() + timedelta(seconds=90)
    with clock.use(lambda: later):
        page.get_by_label("Six digits").fill(str(telephone.generate(int(later.timestamp())).token))
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("heading", name="Today")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    log_in(page, at, "marketer")
    page.get_by_label("Six digits").fill(codes[0])
    page.get_by_role("button", name="Log in").click()
    page.goto(f"{at}/studio/account?lang=en")
    expect(page.get_by_text("9 recovery codes are left.")).to_be_visible()


def test_somebody_invited_chooses_a_password_and_is_in(
    open_page: Callable[..., Page], web: Flask, at: str
) -> None:
    boss, guest = open_page(java_script_enabled=False), open_page(java_script_enabled=False)
    log_in(boss, at, "admin")
    boss.goto(f"{at}/studio/staff/invite?lang=en")
    boss.get_by_label("E-mail address").fill("aigul@example.com")
    boss.get_by_label("officer").check()
    boss.get_by_role("button", name="Send the invitation").click()
    expect(boss.get_by_text("The invitation is on its way")).to_be_visible()
    guest.goto(link(web))
    guest.get_by_label("New password").fill(NEW)
    guest.get_by_label("The same once more").fill(NEW)
    guest.get_by_role("button", name="Set the password").click()
    expect(guest.get_by_text("Your password is set.")).to_be_visible()
    log_in(guest, at, "aigul", NEW)
    expect(guest.get_by_role("link", name="Requests")).to_be_visible()
    expect(guest.get_by_role("link", name="Team")).to_have_count(0)


def test_what_was_typed_is_kept_while_the_password_is_asked_once_more(
    open_page: Callable[..., Page], at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(java_script_enabled=False)
    log_in(page, at, "admin")
    page.goto(f"{at}/studio/staff/invite?lang=en")
    page.get_by_label("E-mail address").fill("aigul@example.com")
    page.get_by_label("viewer").check()
    # The password was given too long ago until it is given again.
    monkeypatch.setattr(identity, "FRESH_FOR", timedelta(seconds=-1))
    page.get_by_role("button", name="Send the invitation").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("The invitation is on its way")).to_be_visible()
    expect(page.get_by_role("link", name="aigul@example.com")).to_be_visible()


@pytest.mark.parametrize(
    ("scheme", "rules"),
    [("light", ()), pytest.param("dark", COLOURS, marks=pytest.mark.soak)],
)
def test_axe_finds_nothing_on_the_pages_before_and_around_a_login(
    open_page: Callable[..., Page], web: Flask, at: str, scheme: str, rules: tuple[str, ...]
) -> None:
    page = open_page(color_scheme=scheme, bypass_csp=True, viewport={"width": 320, "height": 800})
    found: dict[str, list[str]] = {}

    def look(name: str) -> None:
        wide = width_of(page) > 320
        found[name] = [*complaints(page, tags=rules), *(["scrolls sideways"] if wide else [])]

    log_in(page, at, "marketer")
    page.goto(f"{at}/studio/account/second-factor?lang=kk")
    page.locator("main button").click()
    for language in LANGUAGES:
        page.goto(f"{at}/studio/account/second-factor?lang={language}")
        look(f"key {language}")
    telephone = TOTP(key=page.locator(".key code").inner_text().replace(" ", ""))
    page.get_by_label("Code").fill(str(telephone.generate().token))
    page.get_by_role("button", name="Put it in force").click()
    look("recovery codes")
    page.get_by_role("button", name="Log out").click()
    page.goto(f"{at}/studio/lost-password?lang=en")
    page.get_by_label("Your e-mail address").fill("viewer@example.com")
    page.get_by_role("button", name="Mail me a link").click()
    look("asked")
    log_in(page, at, "marketer")
    for language in LANGUAGES:
        for name in ("login/code", "lost-password", "password/none", "login"):
            page.goto(f"{at}/studio/{name}?lang={language}")
            look(f"{name} {language}")
        page.goto(link(web).replace("lang=en", f"lang={language}"))
        look(f"link {language}")
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
