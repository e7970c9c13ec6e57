"""Every public page in a real browser: axe, the keyboard, narrow screens, large text, paper.

The pages come from the table of samples, so that a page added there is looked at here, too. One
cheap pass runs with every suite; all pages in all languages, colours and widths run in the soak.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from tests.browser.axe import complaints
from tests.browser.width import width_of
from tests.webapp.public.conftest import Shop, shop  # noqa: F401 (a fixture)
from tests.webapp.public.crowd import Crowd, gather
from tests.webapp.public.samples import ACTIONS, SAMPLES, pages

pytestmark = pytest.mark.browser

LANGUAGES = ("kk", "ru", "en")
WIDTHS = (1280, 320)
# What differs between pages of one look: tokens and hashes, times of day, masked addresses.
VARYING = re.compile(r"[\w-]{24,}|\b\d\d:\d\d\b|\w…@")
# The keys that reach and press things; more presses than any page has stops.
MOST_STOPS = 60
# WCAG 1.4.12, "Text spacing", to the letter.
SPACED = (
    "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; "
    "word-spacing: 0.16em !important } p { margin-bottom: 2em !important }"
)

_CLIPPED = """() => [...document.querySelectorAll('main *')].filter(one => {
    const how = getComputedStyle(one);
    return how.overflow !== 'visible' && !one.matches('.unseen, .unseen *, input')
        && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1)
        && one.clientWidth > 1 && how.overflowX !== 'auto';
}).map(one => one.outerHTML.slice(0, 80))"""
_TARGETS = """() => [...document.querySelectorAll('a, button, input, select, textarea')]
    .filter(one => one.type !== 'hidden' && one.offsetParent !== null)
    .map(one => ({box: one.getBoundingClientRect(), html: one.outerHTML.slice(0, 80),
        inline: one.tagName === 'A' && getComputedStyle(one).display === 'inline',
        label: one.id ? document.querySelector(`label[for="${one.id}"]`) !== null : false}))
    .filter(one => !one.inline && Math.min(one.box.width, one.box.height) < 24 && !one.label)
    .map(one => `${one.html} ${one.box.width}x${one.box.height}`)"""
_STOPS = """() => [...document.querySelectorAll('a[href], button, input, select, textarea')]
    .filter(one => one.type !== 'hidden' && one.offsetParent !== null)
    // The radio buttons of one name are one stop; the arrows move among them.
    .filter((one, place, all) => one.type !== 'radio'
        || all.findIndex(other => other.type === 'radio' && other.name === one.name) === place)
    .length"""
_FOCUSED = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const how = getComputedStyle(one), all = [...document.querySelectorAll('*')];
    return {place: all.indexOf(one), html: one.outerHTML.slice(0, 80),
        visible: how.outlineStyle !== 'none' && parseFloat(how.outlineWidth) >= 2};
}"""


@pytest.fixture
def crowd(site: str, web: Flask, shop: Shop) -> Crowd:  # noqa: F811
    return gather(web, shop)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A phone in the light; the rules of axe must run in the page, which its policy forbids."""
    context = browser.new_context(bypass_csp=True, viewport={"width": 390, "height": 800})
    yield context.new_page()
    context.close()


def seen(crowd: Crowd, is_all: bool) -> dict[str, str]:
    """The pages to look at: all of them, or the first of each rule and what differs by its look."""
    found = {}
    telling = (
        "",
        "valid",
        "used",
        "cancelled",
        "expired",
        "of a preview",
        "missing",
        "left all",
        "open",
        "open, old end",
        "ready",
        "taken",
        "over",
    )
    for one in pages(crowd):
        if not one.is_forged and (is_all or one.what in telling):
            found[f"{one.rule} {one.what}"] = one.address
    return found


def posted(crowd: Crowd) -> dict[str, tuple[str, dict[str, str]]]:
    """What to post, to see the answers: each action of the table that is not forged."""
    return {
        f"POST {rule} {what}": post
        for rule, make in ACTIONS.items()
        for what, post in make(crowd, rule).items()
        if not what.startswith("forged")
    }


def test_axe_finds_nothing_on_any_public_page(page: Page, site: str, crowd: Crowd) -> None:
    found = {}
    for name, address in seen(crowd, is_all=False).items():
        page.goto(f"{site}{address}?lang=kk")
        found[name] = complaints(page)
    telling = ("good", "nothing filled in", "valid", "used")
    for name, post in posted(crowd).items():
        if name.endswith(telling):
            _post(page, site, post, "ru")
            found[name] = complaints(page)
    assert len(found) > 8
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_in_any_language_colour_or_width(
    browser: Browser, site: str, crowd: Crowd, language: str, scheme: Any
) -> None:
    """Each page and each answer; what looks like one that was seen is not asked about again."""
    how: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": 320, "height": 800}}
    context = browser.new_context(bypass_csp=True, **how)
    page, found, looks = context.new_page(), {}, set[str]()
    for name, address in seen(crowd, is_all=True).items():
        page.goto(f"{site}{address}?lang={language}")
        found[name] = _wrong_in_any_width(page, looks)
    for name, post in posted(crowd).items():
        _post(page, site, post, language)
        found[name] = _wrong_in_any_width(page, looks)
    context.close()
    assert len(looks) > 30
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_every_page_is_walked_by_the_keyboard_and_shows_where_one_is(
    page: Page, site: str, crowd: Crowd
) -> None:
    for name, address in seen(crowd, is_all=False).items():
        page.goto(f"{site}{address}?lang=ru")
        stops, focused = page.evaluate(_STOPS), []
        for _ in range(min(stops, MOST_STOPS)):
            page.keyboard.press("Tab")
            focused.append(page.evaluate(_FOCUSED))
        assert all(focused), f"{name}: a stop cannot be seen"
        assert [one["html"] for one in focused if not one["visible"]] == [], name
        places = [one["place"] for one in focused]
        assert places == sorted(set(places)), f"{name}: not in the order of reading"


def test_every_action_is_done_with_keys_alone(page: Page, site: str, crowd: Crowd) -> None:
    page.goto(f"{site}{crowd.shop.path}?lang=en")
    _tab_to(page, "#email")
    page.keyboard.type("keys@example.com")
    _tab_to(page, "#topic-1")
    page.keyboard.press("Space")
    _tab_to(page, "button")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "Check your e-mail" in page.title() or page.get_by_role("alert").count() == 0
    for address in (f"/confirm/{crowd.request['valid']}", f"/u/{crowd.leave['valid']}"):
        for key in ("Enter", "Space"):
            page.goto(f"{site}{address}?lang=en")
            if page.locator("button").count():
                _tab_to(page, "button")
                with page.expect_navigation():
                    page.keyboard.press(key)
            assert page.get_by_role("status").count() == 1, (address, key)


def test_nothing_is_lost_on_a_narrow_screen_with_large_or_widely_set_text(
    page: Page, site: str, crowd: Crowd
) -> None:
    """320 px is what 1280 px are at 400 % (WCAG 1.4.10); 1.4.12; targets of 24 px (2.5.8)."""
    page.set_viewport_size({"width": 320, "height": 256})
    found = {}
    for name, address in seen(crowd, is_all=False).items():
        page.goto(f"{site}{address}?lang=kk")
        wrong = _too_wide(page, 320) + page.evaluate(_CLIPPED) + page.evaluate(_TARGETS)
        page.add_style_tag(content=SPACED)
        found[name] = wrong + _too_wide(page, 320) + page.evaluate(_CLIPPED)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_every_page_that_says_what_is_wrong_leads_from_the_summary_to_the_field(
    page: Page, crowd: Crowd
) -> None:
    web, wrong = crowd.web.test_client(), []
    for name, (address, form) in posted(crowd).items():
        answer = web.post(f"{address}?lang=ru", data=form).text
        if 'role="alert"' not in answer:
            continue
        page.set_content(answer, wait_until="commit")
        wrong.append(name)
        links = page.locator("[role=alert] a")
        for number in range(links.count()):
            place = links.nth(number).get_attribute("href") or ""
            assert place.startswith("#"), name
            assert page.locator(place).count() == 1, (name, place)
    assert len(wrong) > 3


def test_on_paper_there_is_the_text_and_no_button(page: Page, site: str, crowd: Crowd) -> None:
    page.goto(f"{site}/confirm/{crowd.request['used']}?lang=en")
    page.emulate_media(media="print")
    assert page.get_by_role("heading", level=1).is_visible()
    assert page.locator(".tongues").is_hidden()
    for button in page.locator("button").all():
        assert button.is_hidden()
    paper = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(paper) in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")


def test_the_table_holds_a_page_for_every_rule_that_people_open(crowd: Crowd) -> None:
    looked_at = {name.split(" ")[0] for name in seen(crowd, is_all=False)}
    assert {rule for rule in SAMPLES if "<token>" in rule} <= looked_at


def _wrong_in_any_width(page: Page, looks: set[str]) -> list[str]:
    """Pages that differ by their tokens, addresses and times alone have one look."""
    look = VARYING.sub("…", page.content())
    if look in looks:
        return []
    looks.add(look)
    wrong = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        wrong += complaints(page) + _too_wide(page, width)
    return wrong


def _too_wide(page: Page, width: int) -> list[str]:
    needed = width_of(page)
    return [] if needed <= width else [f"{needed} px wide"]


def _post(page: Page, site: str, post: tuple[str, dict[str, str]], language: str) -> None:
    """Post a form as a browser does, from a page of our own, and stay on the answer."""
    address, form = post
    page.goto(f"{site}/?lang={language}")
    make = """([action, fields]) => {
        const form = document.createElement('form');
        form.method = 'post'; form.action = action;
        for (const [name, value] of Object.entries(fields)) {
            const one = document.createElement('input');
            one.name = name; one.value = value; form.append(one);
        }
        document.body.append(form); form.submit();
    }"""
    with page.expect_navigation():
        page.evaluate(make, [f"{address}?lang={language}", form])


def _tab_to(page: Page, selector: str) -> None:
    """Press Tab until this has the focus; fails where it cannot be reached."""
    matches = "selector => document.activeElement.matches(selector)"
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if page.evaluate(matches, selector):
            return
    raise AssertionError(f"{selector} cannot be reached by keyboard")
