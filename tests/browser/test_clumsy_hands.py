"""What people do with pages: press twice, go back, leave a tab open for a year, write it their way.

In a real browser against the real stack, with scripts and without, because what a second press or
a step back sends is the browser's own doing.
"""

from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import func, select

from mailing.base.database import db
from mailing.deliveries.deliveries import Delivery
from mailing.people.subscribers import Subscriber
from mailing.policies import versions
from mailing.policies.versions import NewText
from tests.webapp.public.conftest import Shop, shop  # noqa: F401 (a fixture)
from tests.webapp.public.people import Asked, kinds, leave_link, say_yes, standing

pytestmark = pytest.mark.browser


@pytest.fixture(params=[False, True], ids=["without script", "with script"])
def window(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    context = browser.new_context(java_script_enabled=request.param, locale="en-GB")
    context.set_default_timeout(15_000)
    yield context
    assert context.cookies() == []
    context.close()


@pytest.fixture
def person(web: Flask, shop: Shop) -> Asked:  # noqa: F811
    return say_yes(web, shop.policy, "offers", "new")


@pytest.fixture
def link(web: Flask, person: Asked) -> str:
    return leave_link(web, person.subscriber)


def fill(page: Page, address: str) -> None:
    """The form, but for its button."""
    page.locator("#email").fill(address)
    page.locator("#topic-1").check()


def count(web: Flask, table: type[Subscriber] | type[Delivery]) -> int:
    with web.app_context():
        return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_a_form_that_is_pressed_twice_and_gone_back_to_asks_once(
    window: BrowserContext,
    site: str,
    web: Flask,
    shop: Shop,  # noqa: F811
) -> None:
    page = window.new_page()
    page.goto(f"{site}{shop.path}?lang=en")
    fill(page, "aigerim@example.com")
    page.locator("#send").dblclick()
    page.get_by_role("heading", name="Look in your mail").wait_for()
    page.go_back()
    fill(page, "aigerim@example.com")
    page.locator("#send").click()
    page.get_by_role("heading", name="Look in your mail").wait_for()
    assert (count(web, Subscriber), count(web, Delivery)) == (1, 1)


def test_a_form_that_was_open_for_a_year_is_read_again_under_the_policy_of_today(
    window: BrowserContext,
    site: str,
    web: Flask,
    shop: Shop,  # noqa: F811
) -> None:
    page = window.new_page()
    page.goto(f"{site}{shop.path}?lang=en")
    with web.app_context():
        kept = versions.import_text("Жаңа саясат\n".encode(), NewText("kk", date(2025, 10, 1)))
        newest = versions.publish(versions.find(kept.policy_id)).id
        db.session.commit()
    fill(page, "aigerim@example.com")
    page.locator("#send").click()
    page.get_by_role("alert").wait_for()
    assert count(web, Subscriber) == 0
    assert page.locator("#email").input_value() == "aigerim@example.com"
    assert page.locator("#topic-1").is_checked()
    assert page.locator("[name=policy]").input_value() == str(newest)
    page.locator("#send").click()
    page.get_by_role("heading", name="Look in your mail").wait_for()
    assert count(web, Delivery) == 1


@pytest.mark.parametrize(
    "spellings",
    [
        ("Aigerim@Example.COM", "aigerim@example.com "),
        ("aigerim@көз.example", "AIGERIM@КӨЗ.example"),
        ("ａigerim@example.com", "aigerim@example.com"),
        (" re\u0301ne@example.com", "r\u00e9ne@example.com"),
    ],
    ids=["capitals", "IDN", "width", "twins"],
)
def test_whoever_writes_their_address_another_way_is_the_same_person(
    window: BrowserContext,
    site: str,
    web: Flask,
    shop: Shop,  # noqa: F811
    spellings: tuple[str, str],
) -> None:
    """T23: the browser has its own way with an address, as with the letters of its domain."""
    page = window.new_page()
    for address in spellings:
        page.goto(f"{site}{shop.path}?lang=en")
        fill(page, address)
        page.locator("#send").click()
        page.get_by_role("heading", name="Look in your mail").wait_for()
    assert (count(web, Subscriber), count(web, Delivery)) == (1, 1)


def test_of_two_tabs_the_one_that_is_behind_takes_back_nothing(
    window: BrowserContext, site: str, web: Flask, person: Asked, link: str
) -> None:
    """T21, T22."""
    first, second = window.new_page(), window.new_page()
    for tab in (first, second):
        tab.goto(f"{site}{link.replace('/u/', '/preferences/')}?lang=en")
    first.get_by_role("checkbox", name="Offers").uncheck()
    first.get_by_role("button", name="Save").click()
    first.get_by_role("status").wait_for()
    second.get_by_role("checkbox", name="New products").uncheck()
    second.get_by_role("button", name="Save").dblclick()
    second.get_by_role("status").wait_for()
    assert standing(web, person.subscriber, "offers") == "unsubscribed"
    assert standing(web, person.subscriber, "new") == "unsubscribed"
    assert kinds(web, person.subscriber).count("unsubscribed") == 2


def test_leaving_twice_from_two_tabs_and_by_a_step_back_is_one_no(
    window: BrowserContext, site: str, web: Flask, person: Asked, link: str
) -> None:
    first, second = window.new_page(), window.new_page()
    for tab in (first, second):
        tab.goto(f"{site}{link}?lang=en")
    for tab in (first, second):
        tab.get_by_role("button", name="Unsubscribe").dblclick()
        tab.get_by_text("You are unsubscribed").first.wait_for()
    first.go_back()
    first.wait_for_load_state()
    if first.get_by_role("button", name="Unsubscribe", exact=True).count():
        first.get_by_role("button", name="Unsubscribe", exact=True).click()
    first.get_by_text("You are unsubscribed").first.wait_for()
    assert kinds(web, person.subscriber).count("unsubscribed") == 1
