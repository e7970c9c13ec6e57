"""The studio in a real browser: without script, by keyboard, on a phone, in the dark, with axe."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from sqlalchemy import text

from mailing.base.database import db
from mailing.campaigns import counting
from mailing.deliveries import clicks
from mailing.deliveries.counted_links import CountedLink
from mailing.people import profile
from mailing.requests import acting, incidents, registering, rights, rulings
from mailing.requests.acting import Closing
from mailing.requests.incidents import Nature, NewIncident
from mailing.requests.kinds import RIGHTS, Channel, Kind, Resolution, Ruling
from mailing.requests.registering import Asking
from mailing.requests.rulings import Ruled
from mailing.staff.audit import Actor
from mailing.staff.staff import Role
from tests.browser.axe import COLOURS, complaints
from tests.browser.width import width_of
from tests.requests.desk import asked
from tests.webapp.studio.world import PASSWORD, World, let_go, make_crew, make_world

pytestmark = pytest.mark.browser

OFFICER = Actor("staff 1", Role.ADMIN)
WIDTHS = (320, 1280)
_LIVE = ("live", "uncertain")
OUTCOMES = ["accepted", "accepted", "refused", "uncertain", "held", "deferred", "open"]


@dataclass(frozen=True)
class Studio:
    """Where the studio is, and what there is to see."""

    address: str
    web: Flask
    world: World
    requests: tuple[int, ...] = ()
    person: str = ""

    @property
    def campaign(self) -> str:
        return f"/studio/campaigns/{self.world.campaign_id}"

    def addresses(self) -> list[str]:
        """One address of each kind of page, before the campaign is let go."""
        pages = ("write", "preview", "preview?part=source", "audience", "audience/unsubscribed")
        return [
            "/studio/",
            "/studio/campaigns",
            "/studio/campaigns?tab=sent",
            "/studio/campaigns/new",
            f"{self.campaign}/brief",
            *(f"{self.campaign}/{page}" for page in pages),
            f"{self.campaign}/why",
            f"{self.campaign}/export",
            "/studio/segments",
            "/studio/segments/new",
            f"{self.campaign}/ready",
            f"{self.campaign}/live",
            f"{self.campaign}/uncertain",
            "/studio/forms",
            "/studio/forms/new",
            "/studio/forms/site",
            "/studio/forms/site/change",
            "/studio/topics",
            "/studio/topics/offers",
            "/studio/evidence",
            "/studio/people",
            "/studio/people?topic=offers&standing=unsubscribed&provider=example.com",
            f"/studio/people/{self.person}",
            f"/studio/people/{self.person}?campaign={self.world.campaign_id}",
            "/studio/policies",
            "/studio/policies/new",
            *(f"/studio/policies/{self.world.policy_id}{p}" for p in ("", "/text", "/report")),
            "/studio/requests",
            "/studio/requests?group=unconfirmed&proved=no",
            "/studio/requests/new",
            "/studio/registers",
            "/studio/registers/processing",
            "/studio/registers/terms",
            "/studio/registers/year",
            "/studio/registers/templates",
            "/studio/registers/incidents",
            "/studio/registers/incidents/1",
            *(f"/studio/requests/{number}" for number in self.requests),
            f"/studio/requests/{self.requests[0]}/bundle",
            "/studio/requests/disclosures",
            "/studio/staff",
            "/studio/staff/invite",
            "/studio/staff/2",
            "/studio/account",
            "/studio/account/second-factor",
            "/studio/account/passkeys/new",
            "/studio/roles",
            "/studio/settings",
            "/studio/settings/operator",
            "/studio/settings/domain",
            "/studio/settings/brand",
            "/studio/audit",
        ]


@pytest.fixture
def studio(site: str, web: Flask) -> Studio:
    make_crew(web)
    world, asked_for = make_world(web), desk_of(web)
    counted(web, world)
    with web.app_context():
        person = profile.of_address("person0@example.com").id
    return Studio(site, web, world, asked_for, str(person))


def counted(web: Flask, world: World) -> None:
    """Clicks are counted: on two links of the draft, one of them with long words."""
    with web.app_context():
        counting.switch(True, OFFICER)
        counting.choose(world.campaign_id, True, OFFICER)
        for token, number, words in (("a", 1, "Көзілдіріктердің жаңа түрлері " * 4), ("b", 3, "")):
            to = f"https://shop.example/{'қысқы-' * 20}{token}"
            link = CountedLink(token=token, language="kk", number=number, target=to, words=words)
            link.campaign_id = world.campaign_id
            db.session.add(link)
        db.session.flush()
        clicks.keep({datetime(2026, 11, 20, 8, tzinfo=UTC): {"a": (1200, 150), "b": (40, 40)}})
        db.session.commit()


def ended(studio: Studio) -> None:
    """The campaign is over, some hours after it began."""
    with studio.web.app_context():
        done = (
            "UPDATE campaigns SET state = 'done', started_at = now() - interval '20 hours', "
            "finished_at = now() - interval '19 hours' WHERE started_at IS NOT NULL"
        )
        db.session.execute(text(done))
        db.session.execute(
            text("UPDATE deliveries SET state = 'refused' WHERE state IN ('deferred', 'open')")
        )
        db.session.commit()


def desk_of(web: Flask) -> tuple[int, ...]:
    """A question that got its receipt, a message that nobody has understood, a closed one, and a
    letter on paper that asks for everything; a form that nobody confirmed, and an incident."""
    with web.app_context():
        numbers: tuple[int, ...]
        numbers = (asked().id, asked(Kind.UNCLEAR).id, asked(Kind.ACCESS, "alma@example.org").id)
        closing = Closing(Resolution.DONE, "Answered by telephone.")
        acting.close(numbers[2], closing, OFFICER)
        registering.file_by_form(Asking((Kind.ACCESS,), "alma@example.org", "All.", "kk"))
        paper = registering.register(Asking(RIGHTS, "person0@example.com"), Channel.LETTER, OFFICER)
        refuse(rights.named(paper.id, Kind.ACCESS).id)
        breach = NewIncident("A laptop was stolen", Nature.LOST, "It was encrypted.", 12)
        incidents.record(breach, OFFICER)
        numbers = (*numbers, paper.id)
        db.session.commit()
    return numbers


def refuse(right_id: int) -> None:
    """A decision that the person reads."""
    words = "Бұл мәліметтер басқа адамның деректерін ашып қояр еді."
    rulings.rule(right_id, Ruled(Ruling.REFUSE, "others_data", words), OFFICER)


@pytest.fixture
def open_page(browser: Browser, studio: Studio) -> Iterator[Callable[..., Page]]:
    """Opens a page in a context of its own in which somebody of this role is logged in."""
    contexts = []

    def opened(role: str = "admin", **how: object) -> Page:
        context = browser.new_context(**{"locale": "en-GB", **how})  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{studio.address}/studio/login")
        page.get_by_label("Your e-mail address").fill(f"{role}@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        return page

    yield opened
    for context in contexts:
        context.close()


def test_a_marketer_writes_looks_counts_sends_and_holds_without_script(
    open_page: Callable[..., Page], studio: Studio
) -> None:
    page = open_page("marketer", java_script_enabled=False)
    page.get_by_role("link", name="Write a campaign").first.click()
    page.get_by_label("Topic").select_option(label="Offers")
    page.get_by_label("Subject (Қазақша)").fill("Қысқы хат")
    page.get_by_label("Message (Қазақша)").fill("Құрметті оқырман, қыс келді.")
    page.get_by_text("English", exact=True).first.click()
    page.get_by_label("Subject (English)").fill("Winter letter")
    page.get_by_label("Message (English)").fill("Dear reader, winter has come.")
    page.get_by_role("button", name="Save and look at it").click()
    inside = page.frame_locator("iframe.preview-frame")
    expect(inside.get_by_text("қыс келді")).to_be_visible()
    page.get_by_role("link", name="Audience", exact=True).click()
    expect(page.get_by_text("12 people are considered; 9 will receive.")).to_be_visible()
    page.get_by_role("link", name="Ready to send?").click()
    page.get_by_role("button", name="Send to 9 people").click()
    expect(page.locator(".sentence")).to_contain_text("Nothing has been sent.")
    page.get_by_role("button", name="Hold: back to draft").click()
    expect(page.get_by_text("Held. Nothing was sent")).to_be_visible()


def test_a_mistake_opens_its_language_and_leads_to_its_field(
    open_page: Callable[..., Page], studio: Studio
) -> None:
    page = open_page("marketer", java_script_enabled=False)
    page.goto(f"{studio.address}/studio/campaigns/new")
    page.get_by_label("Topic").select_option(label="Offers")
    page.get_by_text("Русский", exact=True).first.click()
    page.get_by_label("Subject (Русский)").fill("Письмо")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("alert").get_by_role("link").first.click()
    expect(page).to_have_url(re.compile("#ru-body$"))
    expect(page.get_by_label("Message (Русский)")).to_be_visible()
    assert page.get_by_label("Subject (Русский)").input_value() == "Письмо"


def test_the_languages_are_reached_by_keyboard(
    open_page: Callable[..., Page], studio: Studio
) -> None:
    page = open_page("marketer")
    page.goto(f"{studio.address}/studio/campaigns/new")
    page.locator("#shown-kk").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Subject (Русский)")).to_be_visible()
    expect(page.get_by_label("Subject (Қазақша)")).to_be_hidden()


def test_the_live_page_follows_the_figures_by_itself(
    open_page: Callable[..., Page], studio: Studio
) -> None:
    let_go(studio.web, studio.world, ["accepted", "sealed"])
    page = open_page("marketer")
    page.goto(f"{studio.address}{studio.campaign}/live")
    sentence = page.locator(".sentence")
    expect(sentence).to_contain_text("It is going out: 1 of 9 have been accepted.")
    page.get_by_role("button", name="Pause").focus()
    with studio.web.app_context():
        db.session.execute(text("UPDATE deliveries SET state = 'accepted'"))
        db.session.commit()
    expect(sentence).to_contain_text("It is going out: 2 of 9 have been accepted.", timeout=15_000)
    expect(page.get_by_role("button", name="Pause")).to_be_focused()
    expect(page.locator("#said")).to_have_text(re.compile("2 of 9 have been accepted"))


def test_a_campaign_is_sent_watched_and_reported_and_the_rest_are_written_to(
    open_page: Callable[..., Page], studio: Studio
) -> None:
    """Today, the list, live, the report, a new draft: by links and buttons alone."""
    let_go(studio.web, studio.world, ["accepted"] * 6)
    page = open_page("marketer")
    expect(page.locator(".sentence")).to_have_text("1 campaign is going out.")
    page.get_by_role("link", name="Қараша хаты").first.click()
    expect(page.locator(".sentence")).to_contain_text("6 of 9 have been accepted.")
    page.get_by_text("Stop it for good…").click()
    page.get_by_role("button", name="Stop for good").click()
    expect(page.get_by_text("Too late to stop all: 6 sent, 3 stopped.")).to_be_visible()
    page.get_by_role("link", name="Report", exact=True).click()
    expect(page.get_by_text("Complete: 9 = 6 accepted + 0 refused + 3 held back")).to_be_visible()
    page.get_by_role("button", name="Write to the other 3 people").click()
    expect(page.get_by_text("3 people are considered; 3 will receive.")).to_be_visible()
    page.get_by_role("link", name="Campaigns", exact=True).first.click()
    page.get_by_label("Words of the subject, or the number").fill("караша")
    page.get_by_role("button", name="Look for").click()
    expect(page.get_by_text("2 campaigns are found under the four tabs together.")).to_be_visible()
    tabs = page.get_by_role("navigation", name="Campaigns by state")
    tabs.get_by_role("link", name="Sent").click()
    ago = page.locator(".ago").first
    expect(ago.locator(".exact")).to_be_hidden()
    ago.focus()
    expect(ago.locator(".exact")).to_be_visible()


def test_a_stop_is_explained_before_it_is_pressed(
    open_page: Callable[..., Page], studio: Studio
) -> None:
    let_go(studio.web, studio.world, ["accepted", "refused"])
    page = open_page("officer", java_script_enabled=False)
    page.goto(f"{studio.address}{studio.campaign}/live")
    page.get_by_text("Stop it for good…").click()
    expect(page.get_by_text("2 have left and cannot be called back. The other 7")).to_be_visible()
    page.get_by_role("button", name="Stop for good").click()
    expect(page.get_by_text("Too late to stop all: 2 sent, 7 stopped.")).to_be_visible()


@pytest.mark.parametrize(
    ("language", "scheme", "rules"),
    [
        ("ru", "light", ()),
        pytest.param("kk", "dark", COLOURS, marks=pytest.mark.soak),
        # What axe asks about differs by colour; the words of a language change little of it.
        pytest.param("kk", "dark", (), marks=pytest.mark.soak),
        pytest.param("kk", "light", (), marks=pytest.mark.soak),
        pytest.param("en", "light", (), marks=pytest.mark.soak),
    ],
)
@pytest.mark.timeout(900)  # Some fifty pages.
def test_axe_finds_nothing_to_complain_of_and_no_page_scrolls_sideways(
    open_page: Callable[..., Page],
    studio: Studio,
    language: str,
    scheme: str,
    rules: tuple[str, ...],
) -> None:
    # The rules of axe need to run in the page, which the pages themselves forbid.
    page = open_page(color_scheme=scheme, bypass_csp=True)

    def look(address: str) -> list[str]:
        page.goto(_in(studio, address, language))
        return complaints(page, iframes=False, tags=rules) + _too_wide(page)

    found = {address: look(address) for address in studio.addresses()}
    let_go(studio.web, studio.world, OUTCOMES)
    sending = ("/studio/", "/studio/campaigns", *(f"{studio.campaign}/{p}" for p in _LIVE))
    for address in sending:
        found[f"{address}, sending"] = look(address)
    ended(studio)
    for address in ("/studio/", f"{studio.campaign}/report"):
        found[f"{address}, over"] = look(address)
    page.get_by_role("banner").get_by_role("button").click()
    found["login"] = look("/studio/login")
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("address", ["/studio/audit", "/studio/staff"])
def test_on_a_phone_every_cell_of_a_long_row_is_in_view(
    open_page: Callable[..., Page], studio: Studio, address: str
) -> None:
    page = open_page(viewport={"width": 390, "height": 800})
    page.goto(studio.address + address)
    cells = page.locator("tbody td").all()
    assert cells
    boxes = [box for cell in cells if (box := cell.bounding_box())]
    assert [box for box in boxes if box["x"] + box["width"] > 390] == []


def test_the_preview_shows_a_short_message_to_its_last_line(
    open_page: Callable[..., Page], studio: Studio
) -> None:
    page = open_page()
    page.goto(f"{studio.address}{studio.campaign}/preview")
    frame = page.locator("iframe.preview-frame")
    shown = frame.bounding_box()
    (message,) = [one for one in page.frames if one != page.main_frame]
    whole = message.locator("body").bounding_box()
    assert shown
    assert whole
    assert whole["height"] <= shown["height"]


def test_no_page_asks_another_host_breaks_its_own_policy_or_scrolls_sideways(
    open_page: Callable[..., Page], studio: Studio
) -> None:
    page = open_page()
    let_go(studio.web, studio.world, OUTCOMES)
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(_words(message)))
    wide = []
    for address in studio.addresses():
        page.goto(_in(studio, address, "en"))
        wide += [(address, wrong) for wrong in _too_wide(page)]
    assert [url for url in asked if not url.startswith(studio.address)] == []
    assert said == []
    # In Kazakh and Russian: beside axe, above.
    assert wide == []


def _too_wide(page: Page) -> list[str]:
    """The windows that the open page is wider than."""
    return [f"wider than {width} px" for width in WIDTHS if _scrolls(page, width)]


def _scrolls(page: Page, width: int) -> bool:
    page.set_viewport_size({"width": width, "height": 800})
    return bool(width_of(page) > width)


def _in(studio: Studio, address: str, language: str) -> str:
    return f"{studio.address}{address}{'&' if '?' in address else '?'}lang={language}"


def _words(message: ConsoleMessage) -> str:
    return f"{message.type}: {message.text}"
