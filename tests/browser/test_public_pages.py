"""The subscriber's pages in a real browser: without script, on a phone, in the dark, with axe."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import complaints
from tests.browser.width import width_of
from tests.webapp.public.conftest import Shop, shop  # noqa: F401 (a fixture)
from tests.webapp.public.people import Asked, ask, leave_link, preview_link, say_yes, standing

pytestmark = pytest.mark.browser

LANGUAGES = ("kk", "ru", "en")
WIDTHS = (320, 390, 1280)


@dataclass(frozen=True)
class Site:
    """Where the pages are, and people behind them."""

    address: str
    web: Flask
    shop: Shop
    person: Asked
    waiting: Asked

    def addresses(self) -> dict[str, str]:
        """One address of each kind of page."""
        return {
            "home": "/",
            "join": self.shop.path,
            "again": f"{self.shop.path}/again",
            "confirm": f"/confirm/{self.waiting.confirm}",
            "confirmed": f"/confirm/{self.person.confirm}",
            "leave": leave_link(self.web, self.person.subscriber),
            "preview": preview_link(self.web),
            "policy": "/policy",
            "missing": "/nonsense",
        }


@pytest.fixture
def pages(site: str, web: Flask, shop: Shop) -> Site:  # noqa: F811
    person = say_yes(web, shop.policy, "offers")
    return Site(site, web, shop, person, ask(web, shop.policy, "new", address="erik@example.com"))


@pytest.fixture(params=[False, True], ids=["without script", "with script"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A phone, with scripts switched off and on."""
    context = browser.new_context(
        java_script_enabled=request.param, viewport={"width": 390, "height": 800}, locale="kk-KZ"
    )
    yield context.new_page()
    context.close()


def test_somebody_joins_confirms_leaves_and_comes_back(page: Page, pages: Site) -> None:
    page.goto(f"{pages.address}{pages.shop.path}")
    page.get_by_role("textbox", name="Электрондық пошта мекенжайы").fill("erik@example.com")
    page.get_by_role("checkbox").nth(1).check()
    page.get_by_role("button", name="Жазылу").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Поштаңызды тексеріңіз"

    page.goto(f"{pages.address}/confirm/{pages.waiting.confirm}")
    page.get_by_role("button").click()
    assert page.get_by_role("status").inner_text() == "Подписка оформлена"
    assert standing(pages.web, pages.waiting.subscriber, "new") == "given"

    page.goto(pages.address + leave_link(pages.web, pages.waiting.subscriber, "new"))
    page.get_by_role("button", name="Отписаться").click()
    assert standing(pages.web, pages.waiting.subscriber, "new") == "unsubscribed"
    page.get_by_role("button", name="Это ошибка: вернуть подписку").click()
    assert standing(pages.web, pages.waiting.subscriber, "new") == "given"
    assert page.context.cookies() == []


def test_a_mistake_leads_from_the_summary_to_the_field(page: Page, pages: Site) -> None:
    page.goto(f"{pages.address}{pages.shop.path}?lang=en")
    page.get_by_role("textbox", name="E-mail address").fill("erik@")
    page.get_by_role("button", name="Subscribe").click()
    expect(page).to_have_title(re.compile("^Error: "))
    page.get_by_role("alert").get_by_role("link").first.click()
    assert page.get_by_role("textbox", name="E-mail address").input_value() == "erik@"
    expect(page).to_have_url(re.compile("#email$"))


@pytest.mark.parametrize(("language", "scheme"), [("kk", "light"), ("ru", "dark")])
def test_axe_finds_nothing_to_complain_of(
    browser: Browser, pages: Site, language: str, scheme: str
) -> None:
    # All languages in both colours: test_every_page.py, in the soak.
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)  # type: ignore[arg-type]
    page = context.new_page()
    found = {}
    for name, address in pages.addresses().items():
        page.goto(f"{pages.address}{address}?lang={language}")
        found[name] = complaints(page)
    page.goto(f"{pages.address}{pages.shop.path}?lang={language}")
    page.locator("button").click()
    found["mistake"] = complaints(page)
    page.locator("#email").fill("axe@example.com")
    page.locator("#topic-1").check()
    page.locator("#send").click()
    found["sent"] = complaints(page)
    page.locator("main button").click()
    found["second mail, no address"] = complaints(page)
    context.close()
    assert found == {name: [] for name in found}


def test_no_page_scrolls_sideways_in_any_language(browser: Browser, pages: Site) -> None:
    context = browser.new_context()
    page = context.new_page()
    for name, address in pages.addresses().items():
        for language in LANGUAGES:
            page.goto(f"{pages.address}{address}?lang={language}")
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 700})
                needed = width_of(page)
                assert needed <= width, (name, language)
    context.close()


def test_everything_that_is_pressed_is_large_enough_for_a_thumb(
    browser: Browser, pages: Site
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    for address in pages.addresses().values():
        page.goto(pages.address + address)
        for target in page.locator("button, .tongues a").all():
            box = target.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 44
    context.close()


def test_no_page_asks_any_other_host_for_anything(browser: Browser, pages: Site) -> None:
    context = browser.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for address in pages.addresses().values():
        page.goto(pages.address + address)
    context.close()
    assert asked
    assert [url for url in asked if not url.startswith(pages.address)] == []
