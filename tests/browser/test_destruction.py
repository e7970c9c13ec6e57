"""Destruction in a real browser: an officer's day without script; clean and narrow everywhere."""
# ruff: noqa: F811 - fixtures are named where they are imported and where they are used.

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from mailing.base.database import db
from mailing.people import subscribers
from mailing.people.canonical import canonical
from mailing.requests import certificates
from tests.browser.axe import complaints
from tests.browser.test_studio import Studio, open_page, studio  # noqa: F401 (fixtures)
from tests.browser.width import width_of
from tests.requests.destroying import destroyed, withdrawn

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]


def _asked(studio: Studio, address: str) -> tuple[int, str]:
    """A request to destroy somebody; its id and number."""
    with studio.web.app_context():
        person = subscribers.find(canonical(address))
        assert person is not None
        found = withdrawn(person.id)
        return found.id, found.number


def _certified(studio: Studio) -> str:
    with studio.web.app_context():
        person = subscribers.find(canonical("person4@example.com"))
        assert person is not None
        destroyed(person.id)
        db.session.rollback()
        newest = certificates.newest()
        assert newest is not None
        return newest.number


def test_an_officers_day_from_the_request_to_the_certificate_that_everybody_can_check(
    open_page: OpenPage, studio: Studio
) -> None:
    number, name = _asked(studio, "person3@example.com")
    officer, admin = (open_page(role, java_script_enabled=False) for role in ("officer", "admin"))
    officer.get_by_role("link", name="Requests").click()
    officer.get_by_role("link", name=name).click()
    officer.get_by_role("link", name="Destruction: what goes").click()
    expect(officer.get_by_role("rowheader", name="Address, names, telephone")).to_be_visible()
    officer.get_by_role("button", name="Decide that these data are destroyed").click()
    expect(officer.get_by_text("A second person has to approve.")).to_be_visible()
    admin.goto(f"{studio.address}/studio/requests/{number}/destruction?lang=en")
    admin.get_by_role("button", name="Approve the destruction").click()
    admin.get_by_label("Why it should not wait").fill("They wait on the telephone")
    admin.get_by_role("button", name="Let it cool off no longer").click()
    admin.get_by_label("Number of this request").fill("2026-9999")
    admin.get_by_role("button", name="Destroy the data now").click()
    expect(admin.get_by_role("alert")).to_contain_text("Type the number of this request")
    admin.get_by_label("Number of this request").fill(name)
    admin.get_by_role("button", name="Destroy the data now").click()
    expect(admin.get_by_text("Signature, chain and ledger hold.")).to_be_visible()
    admin.get_by_role("link", name="/verify/D-").click()
    expect(admin.get_by_role("status")).to_contain_text("This certificate is ours")
    expect(admin.get_by_text("person3")).to_have_count(0)


LOOKS = (("kk", "dark", 390), ("ru", "light", 390), ("en", "dark", 1280))


def test_its_pages_are_clean_and_keep_their_width(open_page: OpenPage, studio: Studio) -> None:
    number, _ = _asked(studio, "person3@example.com")
    certificate, found = _certified(studio), {}
    paths = (
        f"/studio/requests/{number}/destruction",
        f"/studio/certificates/{certificate}",
        "/studio/retention",
        f"/verify/{certificate}",
    )
    for language, scheme, width in LOOKS:
        how = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
        page = open_page("officer", bypass_csp=True, **how)
        for path in paths:
            page.goto(f"{studio.address}{path}?lang={language}")
            found[path, language] = complaints(page)
            assert width_of(page) <= width, path
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
