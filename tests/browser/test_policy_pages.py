"""A change of the policy in a real browser: read, compared, agreed to; on a phone, with axe."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Browser

from mailing.base.database import db
from mailing.policies import summaries, versions
from mailing.policies.versions import NewText
from tests.browser.axe import COLOURS, complaints
from tests.browser.width import width_of
from tests.webapp.public.conftest import Shop, shop  # noqa: F401 (a fixture)
from tests.webapp.public.people import leave_link, say_yes
from tests.webapp.public.test_agree import covered_by

pytestmark = pytest.mark.browser

LANGUAGES = ("kk", "ru", "en")
TEXT = """# Саясат

1. Жалпы
1.1 **Оператор** – «Sentiss Kazakhstan» (Сентис Казахстан) ЖШС компаниясы.
1.2 [Сайт](https://glazik.example/) туралы {word}.

| өріс | мақсат |
| --- | --- |
| email | хат |
"""


@dataclass(frozen=True)
class Change:
    """Where the pages are, and who is asked."""

    address: str
    web: Flask
    subscriber: UUID
    policy: int
    agree: str

    def addresses(self, first: int) -> list[str]:
        policy = f"/policy/{self.policy}"
        return [self.agree, policy, f"{policy}?compare={first}", "/policy"]


@pytest.fixture
def change(site: str, web: Flask, shop: Shop) -> Change:  # noqa: F811
    person = say_yes(web, shop.policy, "offers", "new").subscriber
    with web.app_context():
        for language, word in zip(LANGUAGES, ("деректер", "данные", "data"), strict=True):
            purposes = ("special_offers", "products_services", "partner_offers")
            new = NewText(language, date(2026, 1, 1), "2026", purposes=purposes, format="markdown")
            kept = versions.import_text(TEXT.format(word=word).encode(), new)
        found = versions.find(kept.policy_id)
        summaries.summarise(found, dict.fromkeys(LANGUAGES, "Жаңа **мақсат**:\n\n- хат\n- пошта"))
        versions.publish(found)
        db.session.commit()
        number = found.id
    link = leave_link(web, person).replace("/u/", "/agree/")
    return Change(site, web, person, number, link)


@pytest.mark.parametrize("is_scripted", [False, True])
def test_somebody_reads_what_changed_and_agrees(
    browser: Browser,
    change: Change,
    shop: Shop,  # noqa: F811
    is_scripted: bool,
) -> None:
    context = browser.new_context(java_script_enabled=is_scripted, locale="kk-KZ")
    page = context.new_page()
    page.goto(change.address + change.agree)
    page.get_by_role("link", name="Что изменилось").click()
    page.wait_for_load_state()
    assert page.locator("li.removed, li.added, li.changed").count() > 5
    page.go_back()
    page.get_by_role("button", name="Даю согласие").click()
    assert page.get_by_role("status").inner_text() == "Согласие получено"
    page.go_back()
    page.reload()
    assert page.get_by_role("status").inner_text() == "Согласие получено"
    assert context.cookies() == []
    context.close()
    for topic in ("offers", "new"):
        assert covered_by(change.web, change.subscriber, topic) == change.policy


@pytest.mark.parametrize(
    ("scheme", "rules"),
    [("light", ()), pytest.param("dark", COLOURS, marks=pytest.mark.soak)],
)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    browser: Browser,
    change: Change,
    shop: Shop,  # noqa: F811
    scheme: str,
    rules: tuple[str, ...],
) -> None:
    context = browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        bypass_csp=True,
        viewport={"width": 320, "height": 700},
    )
    page = context.new_page()
    found = {}
    for address in change.addresses(shop.policy):
        for language in LANGUAGES:
            mark = "&" if "?" in address else "?"
            page.goto(f"{change.address}{address}{mark}lang={language}")
            assert width_of(page) <= 320, address
            found[f"{address} {language}"] = complaints(page, tags=rules)
    context.close()
    assert found == {name: [] for name in found}
