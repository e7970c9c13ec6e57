"""The import page in a real browser: without script, on a phone, in each language, with axe."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.axe import complaints
from tests.browser.test_studio import Studio, open_page, studio

__all__ = ["open_page", "studio"]

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_a_file_is_uploaded_and_its_columns_are_asked_on_a_phone_without_script(
    studio: Studio,
    open_page: Callable[..., Page],
    language: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    page = open_page(
        "marketer", java_script_enabled=False, viewport={"width": 390, "height": 844},
        color_scheme="dark" if language == "ru" else "light",
    )  # fmt: skip
    page.goto(f"{studio.address}/studio/imports?lang={language}")
    page.locator("#topic").select_option("offers")
    file = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"Email,birthday\na@example.com,1\n"}
    page.locator("#file").set_input_files(file)  # type: ignore[arg-type]
    page.locator("main form button.act").click()
    assert "/studio/imports/1" in page.url
    assert page.locator("#column-0").input_value() == "email"
    page.locator("main form button.act").click()
    assert page.locator("#column-1-wrong").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth") is True
    shots = tmp_path_factory.getbasetemp() / f"import-{language}.png"
    page.screenshot(path=shots, full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_of_imports_has_a_fault_that_axe_finds(
    studio: Studio, open_page: Callable[..., Page], scheme: str
) -> None:
    page = open_page("marketer", color_scheme=scheme)
    page.goto(f"{studio.address}/studio/imports?lang=en")
    assert complaints(page) == []
