"""The import page in a real browser: without script, on a phone, in each language, with axe."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from mailing.base.database import db
from mailing.people import forms
from mailing.people.imports import running
from tests.browser.axe import complaints
from tests.browser.test_studio import Studio, open_page, studio
from tests.browser.width import width_of

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
    expect(page).to_have_url(re.compile("/studio/imports/1"))
    assert page.locator("#column-0").input_value() == "email"
    page.locator("main form button.act").click()
    expect(page.locator("#column-1-wrong")).to_be_visible()
    assert width_of(page) <= page.evaluate("innerWidth")
    shots = tmp_path_factory.getbasetemp() / f"import-{language}.png"
    page.screenshot(path=shots, full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_of_imports_has_a_fault_that_axe_finds(
    studio: Studio, open_page: Callable[..., Page], scheme: str
) -> None:
    page = open_page("marketer", color_scheme=scheme)
    page.goto(f"{studio.address}/studio/imports?lang=en")
    assert complaints(page) == []


# What comes out of a spreadsheet in this country: a mark at the start, semicolons, blanks behind
# values, the same person twice, a header in Russian, days without their time.
EXPORT = (
    "\ufeffФамилия ;Имя;Электронная почта;Телефон;Дата подписки;Форма;Версия политики\r\n"
    "Омарова ; Айгүл;aigul@example.com ;+77010000001;2026-01-05T09:00:00+05:00;main;{policy}\r\n"
    "Омарова;Айгүл;AIGUL@example.com;;2026-01-05T09:00:00+05:00;main;{policy}\r\n"
    "Сәрсенов;Айдос;aidos@example.com;;05.01.2026 09:00;main;{policy}\r\n"
    "Ким;Вера;vera@example;;2026-01-05T09:00:00+05:00;main;{policy}\r\n"
    "Ли;Анна;anna@example.com;;;;\r\n"
    "Ахметов;Бекзат;bekzat@example.com;;2026-01-06T09:00:00+05:00;осень;{policy}\r\n"
    ";;;;;;\r\n"
)


def rehearse(studio: Studio, page: Page, language: str) -> None:
    """The messy export on its way to the end of its dry run."""
    with studio.web.app_context():
        forms.add("main", ["https://glazik.example"], ["offers"])
        db.session.commit()
    page.goto(f"{studio.address}/studio/imports?lang={language}")
    page.locator("#topic").select_option("offers")
    content = EXPORT.format(policy=studio.world.policy_id).encode()
    file = {"name": "выгрузка.csv", "mimeType": "text/csv", "buffer": content}
    page.locator("#file").set_input_files(file)  # type: ignore[arg-type]
    page.locator("main form button.act").click()


@pytest.mark.parametrize(
    "language",
    [
        "kk",
        pytest.param("ru", marks=pytest.mark.soak),
        pytest.param("en", marks=pytest.mark.soak),
    ],
)
def test_a_messy_export_is_understood_and_what_is_wrong_stands_in_its_cell(
    studio: Studio,
    open_page: Callable[..., Page],
    language: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    scheme = {"kk": "light", "ru": "dark", "en": "light"}[language]
    width = {"kk": 390, "ru": 390, "en": 1280}[language]
    page = open_page(
        "marketer", java_script_enabled=False, color_scheme=scheme,
        viewport={"width": width, "height": 844},
    )  # fmt: skip
    rehearse(studio, page, language)
    shots = tmp_path_factory.getbasetemp()
    page.screenshot(path=shots / f"messy-columns-{language}.png", full_page=True)
    chosen = [page.locator(f"#column-{number}").input_value() for number in range(7)]
    assert chosen == [
        *("surname", "given_name", "email", "phone"),
        *("consent_at", "consent_form", "consent_policy"),
    ]
    page.locator("main form button.act").first.click()
    with studio.web.app_context():
        running.work_on(1, db.session.commit, lambda: False)
    page.goto(f"{studio.address}/studio/imports/1?lang={language}")
    page.screenshot(path=shots / f"messy-checked-{language}.png", full_page=True)
    assert width_of(page) <= page.evaluate("innerWidth")
    refused = page.locator("[role=region][aria-labelledby=faults]")
    heads = refused.locator("thead th").all_text_contents()
    assert heads[1:5] == ["Фамилия", "Имя", "Электронная почта", "Телефон"], "as the file has them"
    wrong = refused.locator("tbody .wrong").first
    assert (
        page.evaluate(
            "(e) => e.getBoundingClientRect().right <= innerWidth", wrong.element_handle()
        )
        is True
    )
    assert refused.locator("tbody th").all_inner_texts() == ["4", "5"]
    rows = page.locator("[role=region][aria-labelledby=quarantine] tbody th")
    assert rows.all_inner_texts() == ["6", "7"]
    with_script = open_page("marketer", color_scheme=scheme)
    for address in (page.url, f"{studio.address}/studio/imports"):
        with_script.goto(address)
        assert complaints(with_script) == []
