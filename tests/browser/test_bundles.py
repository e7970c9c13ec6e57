"""The file with everything about somebody, and a disclosure, in a real browser and clean."""
# ruff: noqa: F811 - fixtures are named where they are imported and where they are used.

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from mailing.base.database import db
from mailing.people import subscribers
from mailing.people.canonical import canonical
from mailing.requests.bundles import making, state
from mailing.requests.kinds import Kind
from mailing.requests.requests import NewRequest, find, open_request
from tests.browser.axe import complaints
from tests.browser.test_studio import Studio, open_page, studio  # noqa: F401 (fixtures)
from tests.browser.width import width_of
from tests.requests.disclosed import wanted
from tests.road import ACTOR

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
WHO = "alma.serikova@example.com"


def asked_by_somebody(studio: Studio) -> int:
    """An access request of somebody known, and a disclosure that waits."""
    with studio.web.app_context():
        person = subscribers.create(canonical(WHO), "kk").id
        asked = open_request(NewRequest(Kind.ACCESS, subscriber_id=person)).id
        wanted(WHO)
        db.session.commit()
        return asked


def test_it_is_made_looked_at_and_released_without_script(
    open_page: OpenPage, studio: Studio
) -> None:
    number = asked_by_somebody(studio)
    page = open_page("officer", java_script_enabled=False)
    page.goto(f"{studio.address}/studio/requests/{number}?lang=en")
    page.get_by_role("link", name="Everything about this person, as a file").click()
    page.get_by_role("button", name="Make the file").click()
    expect(page.get_by_text("waits for a worker")).to_be_visible()
    with studio.web.app_context():
        making.work_on(state.of_request(number)[0].id)
    here = f"{studio.address}/studio/requests/{number}/bundle?lang=en"
    # The page looks again by itself; a second way there would cross with its own.
    page.get_by_role("button", name="Show what goes").click()
    expect(page.get_by_text(WHO).first).to_be_visible()
    page.goto(here)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_text("has not been downloaded yet")).to_be_visible()


@pytest.mark.parametrize(
    ("width", "scheme"),
    [(390, "dark"), pytest.param(1280, "light", marks=pytest.mark.soak)],
)
def test_the_pages_are_clean_and_keep_their_width(
    open_page: OpenPage, studio: Studio, width: int, scheme: str
) -> None:
    number = asked_by_somebody(studio)
    with studio.web.app_context():
        bundle = making.order(find(number), ACTOR)
        db.session.commit()
        making.work_on(bundle.id)
    size = {"width": width, "height": 800}
    page = open_page("officer", bypass_csp=True, viewport=size, color_scheme=scheme)
    found = {}
    for language in ("kk", "ru", "en"):
        for address in (f"/studio/requests/{number}/bundle", "/studio/requests/disclosures"):
            page.goto(f"{studio.address}{address}?lang={language}")
            assert width_of(page) <= width, address
            found[address, language] = complaints(page)
        page.goto(f"{studio.address}/studio/requests/{number}/bundle?lang={language}")
        page.locator("form[action*='/bundle/look'] button").click()
        assert width_of(page) <= width, "data.html"
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
