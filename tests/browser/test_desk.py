"""The desk in a real browser: without script, in each language, a hostile message in its frame."""
# ruff: noqa: F811 - fixtures are named where they are imported and where they are used.

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from mailing.base.database import db
from mailing.requests.kinds import Kind
from mailing.requests.requests import NewRequest, open_request
from tests.browser.axe import complaints
from tests.browser.test_studio import Studio, open_page, studio  # noqa: F401 (fixtures)
from tests.browser.width import width_of
from tests.requests.desk import came_in
from tests.webapp.studio.test_requests import hostile

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]


def test_a_message_is_read_understood_answered_and_closed_without_script(
    open_page: OpenPage,
    studio: Studio,
) -> None:
    page = open_page("officer", java_script_enabled=False)
    page.get_by_role("link", name="Requests").click()
    page.get_by_role("row").filter(has_text="Not understood yet").get_by_role("link").click()
    page.get_by_role("button", name="Read the message").click()
    expect(page.get_by_text("What do you hold about me?")).to_be_visible()
    page.get_by_role("button", name="This is a question").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Question")
    page.get_by_label("Your words").fill("We hold your address.")
    page.get_by_role("button", name="Look at the answer").click()
    expect(page.get_by_text("We hold your address.").first).to_be_visible()
    page.get_by_role("button", name="Send the answer").click()
    expect(page.get_by_role("status")).to_contain_text("The answer is on its way.")
    page.get_by_label("How it ended").select_option(label="Done")
    page.get_by_label("Reason").fill("Answered.")
    page.get_by_role("button", name="Close the request").click()
    expect(page.get_by_role("button", name="Take it up again")).to_be_visible()


def test_the_html_of_a_stranger_is_shown_and_reaches_out_to_nobody(
    open_page: OpenPage,
    studio: Studio,
) -> None:
    with studio.web.app_context():
        number = open_request(NewRequest(Kind.UNCLEAR, inbound_id=came_in(hostile()))).id
        db.session.commit()
    page = open_page("officer")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail("a script of the message ran"))
    page.goto(f"{studio.address}/studio/requests/{number}?lang=en")
    page.get_by_role("button", name="Read the message").click()
    page.get_by_text("As it was laid out").click()
    inside = page.frame_locator("iframe.preview-frame")
    expect(inside.get_by_text("Қайырлы күн")).to_be_visible()
    page.wait_for_timeout(300)
    assert [url for url in asked if not url.startswith(studio.address)] == []


@pytest.mark.parametrize(
    ("language", "width"),
    [
        ("kk", 390),
        ("ru", 1280),
        # The words of another language, and the other width of these, change little.
        pytest.param("en", 390, marks=pytest.mark.soak),
        pytest.param("en", 1280, marks=pytest.mark.soak),
        pytest.param("kk", 1280, marks=pytest.mark.soak),
        pytest.param("ru", 390, marks=pytest.mark.soak),
    ],
)
def test_a_message_and_an_answer_in_view_are_clean_and_keep_their_width(
    open_page: OpenPage,
    studio: Studio,
    language: str,
    width: int,
) -> None:
    page = open_page(bypass_csp=True, viewport={"width": width, "height": 800})
    page.goto(f"{studio.address}/studio/requests/{studio.requests[0]}?lang={language}")
    found = {}
    for press in ("form[action*='/original'] button", "form[action*='/answer'] button.act"):
        if "answer" in press:
            page.locator("#words").fill("Сіз туралы тек мекенжайыңызды сақтаймыз.")
        page.locator(press).click()
        found[press] = complaints(page, iframes=False)
        assert width_of(page) <= width
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_j_and_k_walk_along_the_queue_and_enter_opens(
    open_page: OpenPage,
    studio: Studio,
) -> None:
    page = open_page("officer")
    page.goto(f"{studio.address}/studio/requests?lang=en")
    links = page.locator("table.desk tbody a")
    page.keyboard.press("j")
    expect(links.first).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("J")
    page.keyboard.press("k")
    expect(links.nth(1)).to_be_focused()
    page.get_by_text("Filter").click()
    page.locator("#f-right").focus()
    page.keyboard.press("k")
    expect(page.locator("#f-right")).to_be_focused()
    links.nth(1).focus()
    number = links.nth(1).inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(number)
