"""The second step of the double opt-in: only the button says yes."""

from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from mailing.base import clock
from mailing.base.database import db
from mailing.people.wording import Wording
from tests.webapp.public.conftest import Rows, Shop
from tests.webapp.public.people import ask, kinds, optin_state, standing


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_scanner_that_fetches_the_link_confirms_nothing(
    client: FlaskClient, web: Flask, shop: Shop, rows: Rows, method: str
) -> None:
    """T32."""
    link = f"/confirm/{ask(web, shop.policy).confirm}"
    before = rows()
    assert client.open(link, method=method).status_code == 200
    assert rows() == before


def test_the_page_shows_the_exact_wording_and_one_button(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    link = f"/confirm/{ask(web, shop.policy, 'new', 'offers').confirm}"
    page = unescape(client.get(f"{link}?lang=en").text)
    with web.app_context():
        for wording in db.session.scalars(select(Wording)):
            assert f'<li lang="ru">{wording.text}</li>' in page
    assert page.count("<button") == 1
    assert page.count("<form") == 1


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", None),
        (b"", "application/x-www-form-urlencoded"),
        (b"a=b", "application/x-www-form-urlencoded"),
        (b"\xff\x00 not json", "application/json"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=y"),
        (b"plain", "text/plain"),
    ],
)
def test_the_button_says_yes_whatever_the_body(
    client: FlaskClient, web: Flask, shop: Shop, body: bytes, content_type: str | None
) -> None:
    asked = ask(web, shop.policy)
    answer = client.post(f"/confirm/{asked.confirm}", data=body, content_type=content_type)
    assert answer.status_code == 200
    assert standing(web, asked.subscriber) == "given"


def test_pressing_twice_is_one_yes(client: FlaskClient, web: Flask, shop: Shop) -> None:
    asked = ask(web, shop.policy)
    first, again = (client.post(f"/confirm/{asked.confirm}") for _ in range(2))
    assert first.data == again.data
    assert kinds(web, asked.subscriber) == ["requested", "given"]
    assert client.get(f"/confirm/{asked.confirm}").status_code == 200


def test_a_forged_link_is_not_found_and_changes_nothing(
    client: FlaskClient, web: Flask, shop: Shop, rows: Rows
) -> None:
    asked = ask(web, shop.policy)
    before = rows()
    for forged in (asked.confirm[:-1], f"{asked.confirm}A", asked.cancel, "x", "A" * 300):
        assert client.get(f"/confirm/{forged}").status_code == 404
        assert client.post(f"/confirm/{forged}").status_code == 404
    assert rows() == before


def test_a_link_that_came_too_late_says_so_and_confirms_nothing(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    asked = ask(web, shop.policy)
    later = clock.now() + timedelta(days=7, seconds=1)
    with clock.use(lambda: later):
        answer = client.post(f"/confirm/{asked.confirm}?lang=en")
        assert optin_state(web) == "expired"
    assert "This request has expired" in answer.text
    assert standing(web, asked.subscriber) == "requested"


def test_a_request_that_was_cancelled_cannot_be_confirmed(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    asked = ask(web, shop.policy)
    assert client.post(f"/u/{asked.cancel}").status_code == 200
    answer = client.post(f"/confirm/{asked.confirm}?lang=en")
    assert "This request was cancelled" in answer.text
    assert standing(web, asked.subscriber) != "given"


def test_the_page_speaks_the_persons_language_unless_asked_otherwise(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    link = f"/confirm/{ask(web, shop.policy).confirm}"
    assert '<html lang="ru"' in client.get(link).text
    assert '<html lang="ru"' in client.get(link, headers={"Accept-Language": "kk"}).text
    asked = client.get(f"{link}?lang=en", headers={"Accept-Language": "kk"}).text
    assert '<html lang="en"' in asked
    assert 'action="' + link + '?lang=en"' in asked
