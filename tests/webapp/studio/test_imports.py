"""Imports in the studio: upload, columns, dry run, import, errors in the cells, cancel."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder, TestResponse

from mailing.base.database import db
from mailing.base.settings import ROOT
from mailing.people import forms
from mailing.people.imports import running
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import World
from webapp.studio import sentences, uploading
from webapp.studio.columns import suggested

CSV = (
    "E-mail,Имя,consent_at,consent_form,consent_policy\n"
    "new@example.com,Айдос,2026-01-01T09:00:00+05:00,main,1\n"
    "person11@example.com,Алма,2026-01-01T09:00:00+05:00,main,1\n"
    "=cmd()@@,Secretname,,,\n"
    "future@example.com,+Formula,2099-01-01T09:00:00+05:00,main,1\n"
)


@pytest.fixture
def browser(web: Flask, world: World, browse: Callable[[Role], Browser]) -> Iterator[Browser]:
    with web.app_context():
        forms.add("main", ["https://glazik.example"], ["offers"])
        db.session.commit()
    yield browse(Role.MARKETER)
    assert list(_place(web).glob("*.part")) == []


def _place(web: Flask) -> Path:
    var: Path = web.extensions["kelisim"].var
    return var / "imports"


def _upload(browser: Browser, content: bytes, topic: str = "offers") -> TestResponse:
    fields = {"csrf_token": browser.token(), "topic": topic, "file": (BytesIO(content), "a.csv")}
    # The test client puts a large body into a file and leaves it open, unless it is told to close.
    posted = EnvironBuilder("/studio/imports?lang=en", method="POST", data=fields).get_request()
    with closing(posted.environ["wsgi.input"]):
        return browser.client.open(posted)


def _work(web: Flask, number: int = 1) -> None:
    with web.app_context():
        running.work_on(number, db.session.commit, lambda: False)


COLUMNS = {
    f"column-{number}": name
    for number, name in enumerate(
        ["email", "given_name", "consent_at", "consent_form", "consent_policy"]
    )
}


def test_a_file_goes_from_upload_to_done_and_every_row_is_in_one_line(
    web: Flask, browser: Browser
) -> None:
    answer = _upload(browser, CSV.encode())
    assert answer.status_code == 303
    page = browser.get("/studio/imports/1?lang=en").text
    assert "Their column “E-mail” is" in page
    assert '<option value="email" selected>' in page
    assert '<option value="given_name" selected>' in page
    assert browser.post("/studio/imports/1/check", COLUMNS).status_code == 303
    moving = browser.get("/studio/imports/1?lang=en").text
    assert 'http-equiv="refresh"' in moving
    _work(web)
    page = browser.get("/studio/imports/1?lang=en").text
    assert "Import 1 row<" in page, "one has left, two are invalid"
    assert browser.post("/studio/imports/1/start").status_code == 303
    _work(web)
    page = browser.get("/studio/imports/1?lang=en").text
    assert "Done: 4 rows, each in exactly one line." in page
    assert "This is no address." in page
    assert "The time lies in the future." in page
    assert "fu…e@example.com" in page
    for hidden in ("future@", "Secretname", "person11@example.com", "cmd()"):
        assert hidden not in page
    listed = browser.get("/studio/imports?lang=en").text
    assert "Import 1" in listed


def test_the_errors_file_begins_no_cell_as_a_formula_and_repeats_no_value(
    web: Flask, browser: Browser
) -> None:
    _upload(browser, CSV.encode())
    browser.post("/studio/imports/1/check", COLUMNS)
    _work(web)
    file = browser.get("/studio/imports/1/errors.csv")
    assert file.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in file.headers["Content-Disposition"]
    assert file.text.splitlines()[0] == "row,result,column,problem,what to do"
    assert len(file.text.splitlines()) == 4
    for line in file.text.splitlines():
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in line.split(","))
    assert "Secretname" not in file.text
    assert "@@" not in file.text
    file.close()


def test_an_undeclared_column_is_refused_by_name_beside_it(browser: Browser) -> None:
    _upload(browser, b"email,birthday\nalma@example.com,1\n")
    answer = browser.post("/studio/imports/1/check?lang=en", {"column-0": "email", "column-1": ""})
    assert answer.status_code == 422
    assert "The column “birthday” is not declared." in answer.text
    assert 'id="column-1-wrong"' in answer.text
    twice = {"column-0": "email", "column-1": "email"}
    answer = browser.post("/studio/imports/1/check?lang=en", twice)
    assert "Two columns are email." in answer.text


@pytest.mark.parametrize(
    ("content", "topic", "said"),
    [
        (b"", "offers", "Choose the file"),
        (b"email\n", "", "Choose the topic"),
        (b"email\n", "nothing", "Choose the topic"),
        (b"email\n", "notices", "Nobody is imported for notices"),
    ],
)
def test_an_upload_that_cannot_be_an_import_is_said_at_its_field(
    web: Flask, browser: Browser, content: bytes, topic: str, said: str
) -> None:
    answer = _upload(browser, content, topic)
    assert answer.status_code == 422
    assert said in answer.text
    assert list(_place(web).glob("*.sealed")) == []


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00email",
        b"\0\0\0",
        b'"email\nalma@example.com',
        b"email,email\na@example.com,a@example.com\n",
        b"x" * (10 * 1024 * 1024),
        b"email\n" + b"y" * (10 * 1024 * 1024) + b"\n",
        "\ufeffemail\r\nalma@example.com\r\n".encode(),
        b"email\ralma@example.com\r",
        b"email;surname\nalma@example.com;A\n",
        b"email\tsurname\nalma@example.com\tA\n",
    ],
)
def test_whatever_the_file_holds_no_page_breaks(
    web: Flask, browser: Browser, content: bytes
) -> None:
    assert _upload(browser, content).status_code == 303
    assert browser.get("/studio/imports/1").status_code == 200
    answer = browser.post("/studio/imports/1/check", {"column-0": "email", "column-1": "surname"})
    assert answer.status_code in {303, 422}
    _work(web)
    assert browser.get("/studio/imports/1").status_code == 200


def test_only_the_upload_may_be_large_and_only_after_the_login(
    web: Flask, browser: Browser, browse: Callable[[Role], Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The test client leaves more than half a megabyte in a file that it does not close.
    web.config["MAX_CONTENT_LENGTH"] = 100_000
    large = b"email\n" + b"a@example.com\n" * 10_000
    assert _upload(browser, large).status_code == 303
    form = {"topic": "x" * 100_001}
    assert browser.post("/studio/campaigns/new", form).status_code == 413
    monkeypatch.setitem(uploading._LIMITS, uploading.UPLOAD, 100_000)
    assert _upload(browser, large).status_code == 413
    for other in (browse(Role.VIEWER), Browser(web.test_client())):
        assert _upload(other, CSV.encode()).status_code in {401, 403}
    assert len(list(_place(web).iterdir())) == 1


def test_an_import_is_cancelled_and_cannot_be_started_then(web: Flask, browser: Browser) -> None:
    _upload(browser, CSV.encode())
    assert browser.post("/studio/imports/1/cancel").status_code == 303
    assert "Cancelled. 0 rows" in browser.get("/studio/imports/1?lang=en").text
    assert browser.post("/studio/imports/1/start").status_code == 409
    assert browser.post("/studio/imports/1/check", COLUMNS).status_code == 409


@pytest.mark.parametrize(
    ("theirs", "guessed"),
    [
        (["date"], "consent_at"),
        (["Signup date"], "consent_at"),
        (["Subscribed at"], "consent_at"),
        (["Дата"], "consent_at"),
        (["Дата подписки"], "consent_at"),
        (["Отметка времени"], "consent_at"),
        (["Күні"], "consent_at"),
        (["Жазылу күні"], "consent_at"),
        (["Адрес электронной почты"], "email"),
        (["Электрондық пошта мекенжайы"], "email"),
        (["Форма подписки"], "consent_form"),
        (["Версия политики"], "consent_policy"),
        (["Birthday"], None),
    ],
)
def test_usual_headers_are_guessed(theirs: list[str], guessed: str | None) -> None:
    assert suggested(theirs).get(theirs[0]) == guessed


def test_of_several_dates_the_one_that_says_so_is_guessed() -> None:
    guessed = suggested(["Дата", "E-mail", "Дата согласия", "created at"])
    assert guessed == {"E-mail": "email", "Дата согласия": "consent_at"}


@pytest.mark.parametrize(
    ("language", "said"),
    [("ru", "Файл не в кодировке UTF-8"), ("kk", "Файл UTF-8 кодтауында емес")],
)
def test_a_file_in_an_old_encoding_is_refused_with_what_to_do_in_the_readers_language(
    web: Flask, browser: Browser, language: str, said: str
) -> None:
    _upload(browser, "Почта;Имя\na@example.com;Айгүл\n".encode("cp1251", "replace"))
    page = browser.get(f"/studio/imports/1?lang={language}").text
    assert said in page
    assert "CSV UTF-8" in page
    assert {"ru": "Загрузить другой файл", "kk": "Басқа файл жүктеу"}[language] in page
    late = "email\n" + "a@example.com\n" * 1000
    _upload(browser, late.encode() + "Ә@example.com".encode("utf-16"))
    browser.post("/studio/imports/2/check", {"column-0": "email"})
    _work(web, 2)
    assert said in browser.get(f"/studio/imports/2?lang={language}").text


def test_every_sentence_that_is_spoken_anew_is_one_that_the_domain_says() -> None:
    """A sentence that is said in other words there would be shown in English here."""
    sources = "".join(path.read_text() for path in (ROOT / "mailing").rglob("*.py"))
    plain = re.sub(r'"\s*\n\s*f?"', "", sources)
    for text in sentences._SAID:
        beginning = text.split("%(")[0]
        assert beginning in plain, text


def test_a_row_in_quarantine_stands_apart_from_those_that_are_not_taken(
    web: Flask, browser: Browser
) -> None:
    _upload(browser, b"consent_at;email\n;alma@example.com\n;nobody\n")
    browser.post("/studio/imports/1/check", {"column-0": "consent_at", "column-1": "email"})
    _work(web)
    page = browser.get("/studio/imports/1?lang=en").text
    refused, waiting = (
        page.index("The first rows that are not taken"),
        page.index("The first rows in quarantine"),
    )
    assert refused < page.index("This is no address.") < waiting
    assert waiting < page.index("The row says nothing of when and how they agreed.")
    file = browser.get("/studio/imports/1/errors.csv")
    assert [line.split(",")[1] for line in file.text.splitlines()[1:]] == ["quarantined", "invalid"]
    file.close()
