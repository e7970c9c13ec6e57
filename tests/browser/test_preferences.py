"""From the mail's link through every page of leaving, in a browser without script or cookie."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from mailing.base.database import db
from mailing.people.subscribers import Subscriber
from tests.browser.axe import complaints
from tests.browser.width import width_of
from tests.webapp.public.conftest import Shop, shop  # noqa: F401 (a fixture)
from tests.webapp.public.people import Asked, leave_link, say_yes, standing

pytestmark = pytest.mark.browser


@pytest.fixture
def person(web: Flask, shop: Shop) -> Asked:  # noqa: F811
    return say_yes(web, shop.policy, "offers", "new")


@pytest.fixture
def link(web: Flask, person: Asked) -> str:
    return leave_link(web, person.subscriber)


@pytest.fixture(params=[False, True], ids=["without script", "with script"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(
        java_script_enabled=request.param, viewport={"width": 390, "height": 800}, locale="en-GB"
    )
    yield context.new_page()
    context.close()


def test_leave_say_why_pause_and_stop_everything(
    page: Page, site: str, web: Flask, person: Asked, link: str
) -> None:
    page.goto(f"{site}{link}?lang=en")
    page.get_by_role("button", name="Unsubscribe").click()
    assert "You are unsubscribed" in page.get_by_role("status").inner_text()
    page.get_by_role("radio", name="Too many e-mails").check()
    page.get_by_role("button", name="Send the reason").click()
    assert "Thank you." in page.locator("main").inner_text()
    page.get_by_role("link", name="Change what you get").click()
    assert not page.get_by_role("checkbox", name="Offers").is_checked()
    assert page.get_by_role("checkbox", name="New products").is_checked()
    page.get_by_role("button", name="Pause for 30 days from now").click()
    with web.app_context():
        assert db.session.get_one(Subscriber, person.subscriber).paused_until is not None
    page.get_by_role("button", name="Unsubscribe from everything").click()
    assert "unsubscribed from everything" in page.get_by_role("status").inner_text()
    assert standing(web, person.subscriber, "new") == "unsubscribed"
    assert page.context.cookies() == []


def test_stop_is_as_large_as_save(page: Page, site: str, link: str) -> None:
    page.goto(f"{site}{link.replace('/u/', '/preferences/')}?lang=ru")
    save = page.get_by_role("button", name="Сохранить").bounding_box()
    stop = page.get_by_role("button", name=re.compile("Отписаться от всех рассылок")).bounding_box()
    assert save is not None
    assert stop is not None
    assert (save["width"], save["height"]) == (stop["width"], stop["height"])


@pytest.mark.parametrize(("language", "scheme"), [("kk", "dark"), ("ru", "light"), ("en", "light")])
def test_axe_and_the_width_of_a_phone_find_nothing_to_complain_of(
    browser: Browser, site: str, link: str, language: str, scheme: str
) -> None:
    context = browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        bypass_csp=True,
        viewport={"width": 320, "height": 700},
    )
    page = context.new_page()
    centre = link.replace("/u/", "/preferences/")
    found: dict[str, list[str]] = {}
    for address in (centre, f"{centre}/withdraw", link):
        page.goto(f"{site}{address}?lang={language}")
        found[address] = _complaints(page)
    page.locator("button").click()
    found["left"] = _complaints(page)
    context.close()
    assert found == {name: [] for name in found}


def _complaints(page: Page) -> list[str]:
    if width_of(page) > 320:
        return ["scrolls sideways"]
    return complaints(page)
