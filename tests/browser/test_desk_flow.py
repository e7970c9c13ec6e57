"""The desk from end to end: a question, its receipt, an answer from the studio, the relay."""
# ruff: noqa: F811 - fixtures of the flows are named where they are imported and where they are used.

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Locator, Page, expect

from tests import road
from tests.flows.conftest import environment, peer  # noqa: F401 (fixtures)
from tests.peers.smtp_peer import SmtpPeer
from tests.requests.desk import SENDER, asked
from tests.webapp.studio.world import PASSWORD, make_crew

pytestmark = pytest.mark.browser


def mails(peer: SmtpPeer, number: int) -> EmailMessage:
    """The mail number so and so that the sender got."""
    got = road.wait_for(lambda: [one.raw for one in peer.accepted][number - 1 : number])
    return message_from_bytes(got[0], EmailMessage, policy=default)


def test_a_question_arrives_is_acknowledged_answered_from_the_studio_and_closed(
    browser: Browser,
    web: Flask,
    site: str,
    environment: dict[str, str],
    peer: SmtpPeer,
    tmp_path: Path,
) -> None:
    make_crew(web)
    with web.app_context():
        road.lay()
        request = asked()
        number, theirs = request.id, request.correspondent
    assert theirs
    with web.app_context(), road.working(environment, tmp_path / "worker.log"):
        receipt = mails(peer, 1)
        assert receipt["Auto-Submitted"] == "auto-replied"
        page = logged_in(browser, site)
        page.goto(f"{site}/studio/requests/{number}?lang=en")
        expect(page.get_by_text("Handed over, taken by the relay")).to_be_visible()
        page.get_by_label("Your words").fill("Сіз туралы тек мекенжайыңызды сақтаймыз.")
        page.get_by_role("button", name="Look at the answer").click()
        page.get_by_role("button", name="Send the answer").click()
        answer = mails(peer, 2)
        page.reload()
        expect(page.get_by_text("Handed over, taken by the relay")).to_have_count(2)
        page.get_by_label("How it ended").select_option(label="Done")
        page.get_by_label("Reason").fill("Answered.")
        page.get_by_role("button", name="Close the request").click()
        expect(page.get_by_role("button", name="Take it up again")).to_be_visible()
    assert answer["To"] == receipt["To"] == SENDER
    assert answer["Auto-Submitted"] is None
    assert answer["In-Reply-To"] == f"<{theirs.message_id}>"
    assert "Сіз туралы тек мекенжайыңызды сақтаймыз." in answer.get_content()
    senders = [one.sender for one in peer.accepted]
    assert senders[0] == ""
    assert senders[1].startswith("bounce+")
    assert peer.records.complaints == []


def test_an_officers_day_by_the_keyboard_from_a_letter_to_its_end(
    browser: Browser,
    web: Flask,
    site: str,
    environment: dict[str, str],
    peer: SmtpPeer,
    tmp_path: Path,
) -> None:
    """A letter on paper, who wrote it, a decision, an answer, the end; on the real stack. It takes
    as long as a worker's start and two mails do."""
    make_crew(web)
    with web.app_context():
        road.subscribe(road.lay(), 1)
    with web.app_context(), road.working(environment, tmp_path / "worker.log"):
        page = logged_in(browser, site)
        page.goto(f"{site}/studio/requests?lang=en")
        press(page, page.get_by_role("link", name="Write down a request"))
        press(page, page.get_by_label("On paper, by post or handed over"), "Space")
        press(page, page.get_by_label("Access to own data"), "Space")
        write(page, page.get_by_label("E-mail address of the person"), road.address(0))
        write(page, page.get_by_label("What they wrote or said"), "Show me everything.")
        press(page, page.get_by_role("button", name="Write it down"))
        press(page, page.get_by_role("button", name="Send a link that proves it"))
        expect(page.get_by_text("the clock stands still").first).to_be_visible()
        asked_ = mails(peer, 1)
        link = next(w for w in asked_.get_content().split() if "/inquiry/" in w)
        person = browser.new_context(java_script_enabled=False).new_page()
        person.goto(f"{link}?lang=en")
        press(person, person.get_by_role("button", name="Yes, it was me"))
        expect(person.get_by_role("status")).to_contain_text("Thank you, we go on")
        page.reload()
        expect(page.get_by_text("The link to their address was pressed").first).to_be_visible()
        press(page, page.get_by_label("Grant", exact=True), "Space")
        write(page, page.get_by_label("What the person reads about it"), "It is attached.")
        press(page, page.get_by_role("button", name="Decide", exact=True))
        expect(page.get_by_role("status").first).to_contain_text("It is decided.")
        expect(page.get_by_label("Your words")).to_have_value(re.compile("It is attached."))
        press(page, page.get_by_role("button", name="Look at the answer"))
        press(page, page.get_by_role("button", name="Send the answer"))
        expect(page.get_by_role("status").first).to_contain_text("The answer is on its way.")
        answer = mails(peer, 2)
        page.reload()
        expect(page.get_by_text("Handed over, taken by the relay")).to_have_count(2)
        press(page, page.get_by_label("How it ended"), "d")
        write(page, page.get_by_label("Reason", exact=True), "Answered.")
        press(page, page.get_by_role("button", name="Close the request"))
        expect(page.get_by_role("button", name="Take it up again")).to_be_visible()
    assert asked_["To"] == answer["To"] == road.address(0)
    assert "It is attached." in answer.get_content()
    assert peer.records.complaints == []


def press(page: Page, what: Locator, key: str = "Enter") -> None:
    """Walk to it by Tab, and press: nothing here is done by a mouse."""
    for _ in range(150):
        if what.evaluate("one => one === document.activeElement"):
            return page.keyboard.press(key)
        page.keyboard.press("Tab")
    raise AssertionError(f"{what} is not reached by the keyboard")


def write(page: Page, where: Locator, words: str) -> None:
    """Walk to a field and write into it."""
    press(page, where, "End")
    page.keyboard.type(words)


def logged_in(browser: Browser, site: str) -> Page:
    page = browser.new_context(java_script_enabled=False, locale="en-GB").new_page()
    page.goto(f"{site}/studio/login")
    page.get_by_label("Your e-mail address").fill("officer@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    return page
