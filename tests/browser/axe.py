"""What axe finds wrong with a page, and nothing of what it finds right.

All that it looked at and liked would come back as well, as JSON of many times the page's length;
only the violations cross from the browser to the test.
"""

from collections.abc import Sequence

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

# The rules that a change of colours alone can break: another scheme of a page that all rules have
# been asked about, since the style sheet is all that a scheme chooses.
COLOURS = ("cat.color",)

_RUN = """async ([iframes, tags]) => {
    const asked = tags.length ? {runOnly: {type: 'tag', values: tags}} : {};
    const found = await axe.run({resultTypes: ['violations'], iframes, ...asked});
    return found.violations.flatMap(one => one.nodes.map(node => `${one.id}: ${node.html}`));
}"""


def complaints(page: Page, iframes: bool = True, tags: Sequence[str] = ()) -> list[str]:
    """Each violation on the open page, of all rules or of those with these tags.

    The page's context must bypass its own policy, which forbids axe's script like every other.
    """
    page.wait_for_load_state()  # What a click led to may still be on its way.
    page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(_RUN, [iframes, list(tags)])
    return found
