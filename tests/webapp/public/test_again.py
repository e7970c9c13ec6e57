"""Look in your mail: the second mail, the wrong address, and one answer for everybody."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from mailing.base import clock
from mailing.base.database import db
from mailing.deliveries.deliveries import Delivery
from mailing.people import subscribers, suppression
from mailing.people.canonical import canonical
from mailing.people.suppression import Why
from tests.webapp.public.conftest import Rows, Shop
from tests.webapp.public.people import ask, say_yes

DANA = "dana@example.com"


def _mails(web: Flask) -> int:
    with web.app_context():
        return db.session.scalar(select(func.count()).select_from(Delivery)) or 0


def _again(client: FlaskClient, shop: Shop, **fields: str) -> tuple[int, bytes]:
    answer = client.post(f"{shop.path}/again?lang=en", data={"email": DANA, **fields})
    return answer.status_code, answer.data


def test_the_page_after_the_form_offers_a_second_mail_and_another_address(
    client: FlaskClient, shop: Shop
) -> None:
    page = client.post(shop.path, data=shop.post()).text
    assert f'action="{shop.path}/again?lang=en"' in page
    assert f'href="{shop.path}?lang=en"' in page
    assert "Wrong address?" in page
    assert "aigerim" not in page
    assert "<script" not in page


def test_a_second_mail_goes_out_after_a_minute(client: FlaskClient, web: Flask, shop: Shop) -> None:
    ask(web, shop.policy)
    assert _again(client, shop)[0] == 200
    assert _mails(web) == 1
    later = clock.now() + timedelta(seconds=61)
    with clock.use(lambda: later):
        assert _again(client, shop)[0] == 200
        assert _again(client, shop)[0] == 200
    assert _mails(web) == 2


@pytest.mark.parametrize(
    "who", ["waiting", "subscribed", "unsubscribed", "withdrawn", "blocked", "complained", "nobody"]
)
def test_everybody_gets_the_same_bytes_from_both_pages(
    client: FlaskClient, web: Flask, shop: Shop, who: str
) -> None:
    """No oracle by text: known, unknown, suppressed, blocked and trapped alike."""
    expected = _again(client, shop, email="somebody-else@example.com")
    form = client.post(shop.path, data=shop.post(email="somebody-else@example.com"))
    if who == "waiting":
        ask(web, shop.policy)
    elif who != "nobody":
        _become(client, web, shop, who)
    assert _again(client, shop) == expected
    assert _again(client, shop, website="x") == expected
    answer = client.post(shop.path, data=shop.post(email=DANA))
    assert (answer.status_code, answer.data) == (200, form.data)
    assert sorted(answer.headers) == sorted(form.headers)


def _become(client: FlaskClient, web: Flask, shop: Shop, who: str) -> None:
    asked = say_yes(web, shop.policy)
    if who == "unsubscribed":
        client.post(f"/u/{asked.cancel}")
    with web.app_context():
        person = subscribers.find(canonical(DANA))
        assert person is not None
        if who == "blocked":
            person.blocked_at = clock.now()
        elif who == "withdrawn":
            suppression.suppress(person.digest, Why.WITHDRAWN)
        elif who == "complained":
            suppression.suppress(person.digest, Why.COMPLAINT)
        db.session.commit()


@pytest.mark.parametrize("wrong", ["", "dana", "a@b", "x" * 5000, "a\0b@example.com"])
def test_what_is_no_address_is_said_beside_the_field(
    client: FlaskClient, web: Flask, shop: Shop, wrong: str
) -> None:
    status, page = _again(client, shop, email=wrong)
    assert status == 422
    assert b'<a href="#email">' in page
    assert b'aria-invalid="true"' in page


def test_looking_changes_nothing(client: FlaskClient, web: Flask, shop: Shop, rows: Rows) -> None:
    ask(web, shop.policy)
    before = rows()
    for method in ("GET", "HEAD", "OPTIONS"):
        assert client.open(f"{shop.path}/again", method=method).status_code == 200
    assert client.get("/join/nowhere/again").status_code == 404
    assert rows() == before


def test_another_site_may_not_ask_for_it(client: FlaskClient, web: Flask, shop: Shop) -> None:
    headers = {"Origin": "https://evil.test"}
    answer = client.post(f"{shop.path}/again", data={"email": DANA}, headers=headers)
    assert answer.status_code == 403
