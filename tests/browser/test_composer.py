"""The composer in a real browser: with script and without, by keyboard, with axe."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from mailing.campaigns import campaigns, unsaved
from mailing.campaigns.blocks import from_body
from tests.browser.axe import COLOURS, complaints
from tests.browser.test_studio import Studio, open_page, studio  # noqa: F401 - fixtures
from tests.campaigns.test_images import file

pytestmark = pytest.mark.browser


def begun(page: Page, studio: Studio) -> None:  # noqa: F811 - the fixture's value
    page.goto(f"{studio.address}/studio/campaigns/new")
    page.get_by_label("Topic").select_option(label="Offers")
    page.get_by_role("button", name="Begin with blocks").click()
    expect(page.get_by_text("Still to do: Subject and preview text, Content.")).to_be_visible()
    page.locator("#row-content").get_by_role("link").click()


def kinds(studio: Studio) -> list[str]:  # noqa: F811
    with studio.web.app_context():
        return [block.kind for block in from_body(campaigns.find(2).content_in("kk").body)]


def test_blocks_are_written_moved_and_saved_without_script(
    open_page: Callable[..., Page],  # noqa: F811
    studio: Studio,  # noqa: F811
    tmp_path: Path,
) -> None:
    page = open_page("marketer", java_script_enabled=False)
    begun(page, studio)
    page.get_by_label("Subject (Қазақша)").fill("Қысқы топтама")
    page.get_by_role("button", name="Text", exact=True).first.click()
    page.locator("#kk-1-text").fill("Құрметті оқырман, қыс келді.")
    page.get_by_role("button", name="Image", exact=True).first.click()
    picture = tmp_path / "glasses.png"
    picture.write_bytes(file("PNG", (600, 300)))
    page.locator("#kk-2-file").set_input_files(picture)
    page.get_by_role("button", name="Move up: Block 2, Image").click()
    expect(page).to_have_url(re.compile("#kk-1$"))
    expect(page.get_by_role("img", name="The image that is chosen")).to_be_visible()
    page.get_by_role("button", name="Save and look at it").click()
    page.get_by_role("alert").get_by_role("link").click()
    expect(page).to_have_url(re.compile("#kk-1-alt$"))
    page.locator("#kk-1-alt").fill("Қызыл көзілдірік")
    page.get_by_role("button", name="Save and look at it").click()
    inside = page.frame_locator("iframe.preview-frame")
    shown = inside.get_by_role("img", name="Қызыл көзілдірік")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.naturalWidth") == 600
    expect(inside.get_by_text("қыс келді")).to_be_visible()
    assert kinds(studio) == ["image", "text"]


def test_what_is_typed_is_kept_by_itself_and_survives_a_closed_page(
    open_page: Callable[..., Page],  # noqa: F811
    studio: Studio,  # noqa: F811
) -> None:
    page = open_page("marketer")
    begun(page, studio)
    page.get_by_role("button", name="Text", exact=True).first.click()
    page.locator("#kk-1-text").press_sequentially("Бір сөз")
    expect(page.locator("#kept")).to_have_text("Kept, not saved yet.")
    page.goto(f"{studio.address}/studio/campaigns")
    page.goto(f"{studio.address}/studio/campaigns/2/compose")
    expect(page.locator("#kk-1-text")).to_have_value("Бір сөз")
    assert kinds(studio) == []
    page.locator("#kk-subject").fill("Хат")
    page.locator("#kk-1-text").focus()
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    assert kinds(studio) == ["text"]
    with studio.web.app_context():
        assert unsaved.find(2, "staff 2") is None


def test_a_field_is_inserted_only_with_words_for_who_has_not_told_it(
    open_page: Callable[..., Page],  # noqa: F811
    studio: Studio,  # noqa: F811
) -> None:
    page = open_page("marketer")
    begun(page, studio)
    page.get_by_role("button", name="Text", exact=True).first.click()
    page.locator("#kk-1-text").fill("Сәлем, !")
    page.locator("#kk-1-text").evaluate("area => area.setSelectionRange(7, 7)")
    page.get_by_text("Insert a field of the reader").click()
    page.get_by_label("Field", exact=True).select_option("given_name")
    page.get_by_role("button", name="Insert it where you last wrote").click()
    expect(page.get_by_label("Words for who has not told it")).to_be_focused()
    expect(page.locator("#kk-1-text")).to_have_value("Сәлем, !")
    page.get_by_label("Words for who has not told it").fill("оқырман")
    page.get_by_role("button", name="Insert it where you last wrote").click()
    wanted = "Сәлем, {{ given_name|default('оқырман') }}!"
    expect(page.locator("#kk-1-text")).to_have_value(wanted)


def test_a_page_that_cannot_keep_says_so(
    open_page: Callable[..., Page],  # noqa: F811
    studio: Studio,  # noqa: F811
) -> None:
    page = open_page("marketer")
    begun(page, studio)
    page.route("**/compose/typed", lambda route: route.abort())
    page.locator("#kk-subject").press_sequentially("Хат")
    expect(page.locator("#kept")).to_contain_text("Not kept: the server does not answer.")
    page.unroute("**/compose/typed")
    expect(page.locator("#kept")).to_have_text("Kept, not saved yet.", timeout=20_000)


@pytest.mark.parametrize(
    ("language", "scheme", "rules"),
    [
        ("kk", "light", ()),
        pytest.param("ru", "dark", COLOURS, marks=pytest.mark.soak),
        pytest.param("ru", "dark", (), marks=pytest.mark.soak),
        pytest.param("en", "light", (), marks=pytest.mark.soak),
    ],
)
def test_axe_finds_nothing_to_complain_of(
    open_page: Callable[..., Page],  # noqa: F811
    studio: Studio,  # noqa: F811
    language: str,
    scheme: str,
    rules: tuple[str, ...],
) -> None:
    page = open_page(color_scheme=scheme, bypass_csp=True)
    begun(page, studio)
    page.locator("#kk-subject").fill("Хат")
    for kind in ("Text", "Heading", "Image", "Button", "Divider", "Two columns", "Product"):
        page.locator("#kk-add").get_by_role("button", name=kind, exact=True).click()
    found = {}
    for path in ("compose", "brief", "to", "versions", "versions/1"):
        page.goto(f"{studio.address}/studio/campaigns/2/{path}?lang={language}")
        found[path] = complaints(page, tags=rules)
    for part in ("html", "phone", "dark", "bare"):
        address = f"{studio.address}{studio.campaign}/preview?part={part}&lang={language}"
        page.goto(address)
        found[part] = complaints(page, iframes=False, tags=rules)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
