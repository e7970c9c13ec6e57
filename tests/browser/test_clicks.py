"""Counting clicks, walked: allowed, chosen, sent, pressed by a person without script, reported."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import text

from mailing.base.database import db
from mailing.campaigns import campaigns
from mailing.campaigns.content import Content
from mailing.deliveries import clicks, counted_links, dispatch, drafts
from mailing.deliveries.letters import Letters
from mailing.people import subscribers
from mailing.people.canonical import canonical
from mailing.people.ledger import Kind, NewEntry, append_many
from tests.deliveries.conftest import a_sender
from tests.deliveries.test_clicks import said_by
from tests.road import ACTOR
from tests.webapp.studio.world import PASSWORD, World, make_crew, make_world

pytestmark = pytest.mark.browser

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
SHOP = "<!doctype html><title>Shop</title><h1>Qysqy kozildirik</h1>"


class Shop(ThreadingHTTPServer):
    """The operator's own site, on another host than ours; what each visitor brought along."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.brought: list[dict[str, str]] = []

    @property
    def address(self) -> str:
        return f"http://localhost:{self.server_port}/winter?a=1&b=2"


class _Page(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        if self.path.startswith("/winter"):
            self.server.brought.append({name.lower(): said for name, said in self.headers.items()})
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(SHOP.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    made = []

    def new(**how: Any) -> BrowserContext:
        made.append(browser.new_context(java_script_enabled=False, locale="en-GB", **how))
        return made[-1]

    yield new
    for one in made:
        one.close()


def log_in(page: Page, site: str, role: str) -> None:
    page.goto(f"{site}/studio/login")
    page.get_by_label("Your e-mail address").fill(f"{role}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def write(web: Flask, world: World) -> None:
    """Three more readers, and a text with a link."""
    with web.app_context():
        more = [subscribers.create(canonical(f"more{n}@example.com"), "kk").id for n in range(3)]
        told = (Kind.REQUESTED, Kind.GIVEN)
        about = (world.topic_id, world.policy_id, "form", "person")
        append_many([NewEntry(one, kind, *about) for one in more for kind in told])
        said = Content(
            "kk",
            "Қыс",
            "[Көзілдірік](https://shop.example/winter) [Сізге](https://a.test/{{ email }})",
        )
        drafts.edit(campaigns.find(world.campaign_id), said, ACTOR)
        db.session.commit()


def send(web: Flask, world: World, target: str) -> str:
    """Send it; the address of the counted link as one reader's message says it."""
    settings = web.extensions["kelisim"]
    with web.app_context(), a_sender(settings) as sender:
        dispatch.start(world.campaign_id, ACTOR, now=True)
        db.session.commit()
        said = said_by(Letters(settings).write(sender.ask(sender.claim(1))[0]).message)
        (link,) = counted_links.of(world.campaign_id)
        # No campaign may lead to this machine; from here on it plays the shop.
        address = f"{settings.public_url}/c/{link.token}"
        link.target = target
        db.session.commit()
    assert f"Көзілдірік ({address})" in said
    return address


def test_clicks_are_allowed_chosen_pressed_and_reported(
    site: str, web: Flask, shop: Shop, context: Callable[..., BrowserContext]
) -> None:
    make_crew(web)
    world = make_world(web)
    write(web, world)
    admin = context().new_page()
    log_in(admin, site, "admin")
    admin.goto(f"{site}/studio/settings")
    admin.get_by_role("button", name="Let campaigns count clicks").click()
    expect(admin.get_by_role("button", name="Count none from now on")).to_be_visible()
    staff = context().new_page()
    log_in(staff, site, "marketer")
    staff.goto(f"{site}/studio/campaigns/{world.campaign_id}/brief")
    staff.get_by_role("button", name="Count the clicks on its links").click()
    expect(staff.get_by_text("1 link is counted; left as they are")).to_be_visible()
    address = send(web, world, shop.address)
    reader = context(user_agent=FIREFOX)
    page = reader.new_page()
    for _ in range(2):
        page.goto(address)
        expect(page.get_by_role("heading", name="Qysqy kozildirik")).to_be_visible()
    expect(page).to_have_url(shop.address)
    assert not reader.cookies()
    assert len(shop.brought) == 2
    assert not [one for one in shop.brought if "referer" in one or "cookie" in one]
    context().new_page().goto(address)  # A browser that calls itself headless.
    with web.app_context():
        assert clicks.gather() == 1
        db.session.execute(text("UPDATE campaigns SET state = 'done', finished_at = now()"))
        db.session.commit()
    staff.goto(f"{site}/studio/campaigns/{world.campaign_id}/report#clicks")
    row = staff.get_by_role("row", name="Көзілдірік")
    expect(row).to_contain_text("Қазақша, link 1")
    expect(row.locator("td.number")).to_have_text(["2", "1", "100\xa0%"])
    expect(row.get_by_role("img", name="people 2, machines 1")).to_be_visible()
    with staff.expect_download() as sheet:
        staff.get_by_role("link", name="The clicks as a sheet (CSV)").click()
    assert shop.address in sheet.value.path().read_text("utf-8-sig")
