"""Passkeys in a real browser, with a device that Chromium plays itself (Web Authentication API)."""

import socket
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, CDPSession, Page, expect

from mailing.base.database import db
from mailing.base.settings import Settings, current
from mailing.staff import ceremonies, staff
from mailing.staff.ceremonies import Added
from tests.browser.axe import complaints
from tests.browser.width import width_of
from tests.staff.device import Device
from tests.webapp.studio.world import PASSWORD, make_crew, make_world
from webapp.app import create_app

pytestmark = pytest.mark.browser

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def web(settings: Settings) -> Iterator[Flask]:
    """The web application at an address with a name, as browsers demand it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://localhost:{probe.getsockname()[1]}"
    application = create_app(settings.model_copy(update={"public_url": url}))
    make_world(application)
    make_crew(application)
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A telephone; axe's script runs in the page, which its own policy forbids."""
    how = {"bypass_csp": True, "viewport": {"width": 320, "height": 800}}
    context = browser.new_context(locale="en-GB", **how)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def plugged_in(page: Page) -> tuple[CDPSession, str]:
    """A device of the browser's own, in this page; its number."""
    line = page.context.new_cdp_session(page)
    line.send("WebAuthn.enable")
    made = line.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    return line, made["authenticatorId"]


def log_in(page: Page, at: str) -> None:
    page.goto(f"{at}/studio/login?lang=en")
    page.get_by_label("Your e-mail address").fill("marketer@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def leave(page: Page, at: str) -> None:
    page.goto(f"{at}/studio/account?lang=en")
    page.get_by_role("button", name="Log out", exact=True).click()
    log_in(page, at)


def looked_at(page: Page, address: str) -> list[str]:
    """What is wrong with a page in the language with the longest words."""
    page.goto(f"{address}?lang=kk")
    wide = width_of(page) > 320
    return [*complaints(page), *(["scrolls sideways"] if wide else [])]


def test_a_passkey_is_made_named_used_and_removed(site: str, page: Page) -> None:
    line, device = plugged_in(page)
    log_in(page, site)
    page.goto(f"{site}/studio/account?lang=en")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_label("What do you call it?").fill("Telephone")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    page.wait_for_load_state()
    codes = page.locator(".codes code").all_inner_texts()
    assert len(line.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"])

    # The same device again: the browser itself refuses, and a sentence says so.
    page.goto(f"{site}/studio/account/passkeys/new?lang=en")
    page.get_by_label("What do you call it?").fill("Again")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("alert")).to_have_text("This device holds a passkey of yours already.")
    assert looked_at(page, f"{site}/studio/account/passkeys/new") == []

    leave(page, site)
    expect(page.get_by_role("heading", name="Your second factor")).to_be_visible()
    assert looked_at(page, f"{site}/studio/login/code") == []
    page.goto(f"{site}/studio/login/code?lang=en&next=/studio/topics")
    _cancelled(page, line, device)
    page.get_by_role("button", name="Use your passkey").click()
    expect(page).to_have_url(f"{site}/studio/topics")

    page.goto(f"{site}/studio/account?lang=en")
    page.get_by_text("Change Telephone").click()
    page.get_by_label("Name").fill("Old telephone")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("rowheader", name="Old telephone")).to_be_visible()
    expect(page.locator("td[data-label='Last used'] time")).to_be_visible()
    assert looked_at(page, f"{site}/studio/account") == []

    leave(page, site)
    page.get_by_label("One of your recovery codes").fill(codes[0])
    page.get_by_role("button", name="Log in").click()
    page.goto(f"{site}/studio/account?lang=en")
    page.get_by_text("Change Old telephone").click()
    page.get_by_role("button", name="Remove the passkey").click()
    expect(page.get_by_text("your password alone lets you in now")).to_be_visible()
    leave(page, site)
    expect(page.get_by_role("heading", name="Today")).to_be_visible()


def _cancelled(page: Page, line: CDPSession, device: str) -> None:
    """A device that does not hold it: the browser says "not allowed", as for whoever cancels."""
    held = line.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"][0]
    line.send("WebAuthn.clearCredentials", {"authenticatorId": device})
    page.get_by_role("button", name="Use your passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey came: it was cancelled")
    expect(page.get_by_role("button", name="Use your passkey")).to_be_focused()
    line.send("WebAuthn.addCredential", {"authenticatorId": device, "credential": held})


def test_without_script_the_codes_remain_and_whoever_has_passkeys_alone_reads_what_to_do(
    site: str, web: Flask, browser: Browser
) -> None:
    codes = with_a_passkey(web)
    context = browser.new_context(locale="en-GB", java_script_enabled=False)
    page = context.new_page()
    log_in(page, site)
    # Playwright looks for no text inside of noscript by itself.
    expect(page.locator("noscript p")).to_contain_text("Enter one of your recovery codes, or log")
    expect(page.get_by_role("button", name="Use your passkey")).to_be_hidden()
    page.get_by_label("One of your recovery codes").fill(codes[0])
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Today")).to_be_visible()
    page.goto(f"{site}/studio/account/passkeys/new?lang=en")
    expect(page.locator("noscript p")).to_contain_text("Set up an app that makes codes instead.")
    expect(page.get_by_role("button", name="Make the passkey")).to_be_hidden()
    context.close()


def with_a_passkey(web: Flask) -> list[str]:
    """The marketer has one on a device elsewhere; their recovery codes."""
    with web.app_context():
        person, device = staff.find("marketer@example.com"), Device(current().public_url)
        asked = ceremonies.begin_registration(person, "Key")
        answer = device.make(asked.options)
        added = ceremonies.finish_registration(person, asked.challenge_id, answer, "Key")
        db.session.commit()
        assert isinstance(added, Added)
        return added.codes
