"""Segments in a real browser: with script the count follows, without it everything works."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import complaints
from tests.browser.test_studio import Studio, open_page, studio  # noqa: F401 (fixtures)

pytestmark = pytest.mark.browser


def test_a_segment_is_written_counted_and_chosen_without_script(
    open_page: Callable[..., Page],  # noqa: F811
    studio: Studio,  # noqa: F811
) -> None:
    page = open_page("marketer", java_script_enabled=False)
    page.goto(f"{studio.address}/studio/segments/new")
    page.get_by_label("Name", exact=True).fill("Kazakh")
    page.get_by_label("One more sentence").select_option("language.one_of")
    page.get_by_role("button", name="Add the sentence").click()
    page.get_by_label("Қазақша").check()
    page.get_by_role("button", name="Count, and show ten of them").click()
    expect(page.get_by_text("9 would receive it")).to_be_visible()
    expect(page.get_by_role("heading", name="Some of them")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    page.goto(f"{studio.address}{studio.campaign}/audience")
    page.get_by_label("Segment").select_option(label="Kazakh")
    page.get_by_role("button", name="Choose").click()
    expect(page.get_by_text("in the chosen segment “Kazakh”")).to_be_visible()


def test_the_count_follows_the_sentences_and_enter_takes_none_away(
    open_page: Callable[..., Page],  # noqa: F811
    studio: Studio,  # noqa: F811
) -> None:
    page = open_page("marketer", bypass_csp=True)
    page.goto(f"{studio.address}/studio/segments/new")
    page.get_by_label("One more sentence").select_option("provider.one_of")
    page.get_by_role("button", name="Add the sentence").click()
    provider = page.get_by_label("Their address is at one of the providers")
    provider.fill("example.com")
    expect(page.get_by_text("9 would receive it")).to_be_visible()
    provider.fill("elsewhere.example")
    expect(page.get_by_text("0 would receive it")).to_be_visible()
    provider.press("Enter")
    expect(page.get_by_label("Their address is at one of the providers")).to_have_value(
        "elsewhere.example"
    )
    assert complaints(page) == []
