"""What axe finds wrong with a page, and nothing of what it finds right.

All that it looked at and liked would come back as well, as JSON of many times the page's length;
only the violations cross from the browser to the test.
"""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

_RUN = """async iframes => {
    const found = await axe.run({resultTypes: ['violations'], iframes});
    return found.violations.flatMap(one => one.nodes.map(node => `${one.id}: ${node.html}`));
}"""


def complaints(page: Page, iframes: bool = True) -> list[str]:
    """Each violation on the open page. Its context must bypass the page's own policy, which
    forbids axe's script like every other."""
    page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(_RUN, iframes)
    return found
