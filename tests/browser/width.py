"""How wide a page wants to be, once it is there."""

from playwright.sync_api import Page


def width_of(page: Page) -> int:
    """In CSS pixels; what a click has led to may still be on its way."""
    page.wait_for_load_state()
    return int(page.evaluate("document.documentElement.scrollWidth"))
