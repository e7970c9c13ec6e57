"""The receipt: what somebody agreed to, readable at the same address for as long as it stands."""

from datetime import timedelta
from html import unescape
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.leaving.receipts import StoredReceipt
from mailing.people import expiry, forms, topics
from mailing.people.topics import Frequency, Promise
from mailing.people.wording import Wording
from tests.webapp.public.conftest import Rows, Shop
from tests.webapp.public.people import ask, kinds, optin_state, say_yes, standing


class Words(HTMLParser):
    """What a text browser shows: the words, and the elements around them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def _receipt(client: FlaskClient, token: str, language: str = "en") -> str:
    answer = client.get(f"/confirm/{token}?lang={language}")
    assert answer.status_code == 200
    return unescape(answer.text)


def test_it_says_what_when_where_under_which_policy_from_whom_and_how_to_stop(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    with web.app_context():
        said = {"ru": {"heading": "Новости Glazik", "introduction": "О здоровье глаз."}}
        forms.add("news", ["https://shop.example"], ["new", "offers"], said)
        topics.describe(topics.find("offers"), Promise({}, Frequency.WEEKLY))
        db.session.commit()
    asked = say_yes(web, shop.policy)
    page = _receipt(client, asked.confirm)
    with web.app_context():
        for wording in db.session.query(Wording):
            assert wording.text in page
    assert "You are subscribed" in page
    assert "What you agreed to" in page
    assert "http://127.0.0.1:8080/join/news" in page
    assert "news, version 2" in page
    assert f'href="/policy/{shop.policy}?lang=en"' in page
    assert "version 2024-10-01, in force since 1 October 2024" in page
    assert "Glazik <news@glazik.example>" in page
    assert "at most once a week" in page
    assert f'href="/u/{asked.cancel}?lang=en"' in page
    assert "(Almaty time)" in page
    assert "dana@" not in page


def test_it_stands_at_the_same_address_later_and_keeps_the_words_of_then(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    """T31: a link that was used still says what is so."""
    asked = say_yes(web, shop.policy)
    before = _receipt(client, asked.confirm)
    with web.app_context():
        topics.rename(topics.find("offers"), {"ru": "Скидки", "en": "Deals"})
        db.session.commit()
    later = clock.now() + timedelta(days=400)
    with clock.use(lambda: later):
        assert _receipt(client, asked.confirm) == before


def test_the_link_on_it_stops_the_mail_and_then_it_says_so(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    asked = say_yes(web, shop.policy)
    assert client.post(f"/u/{asked.cancel}").status_code == 200
    page = _receipt(client, asked.confirm)
    assert "You are subscribed" not in page
    assert "You have left since" in page
    assert "What you agreed to" in page


@pytest.mark.parametrize("shut", ["blocked_at = now()", "personal = NULL"])
def test_whoever_gets_nothing_is_not_told_that_they_are_subscribed(
    client: FlaskClient, web: Flask, shop: Shop, shut: str
) -> None:
    asked = say_yes(web, shop.policy)
    with web.app_context():
        db.session.execute(text(f"UPDATE subscribers SET {shut}"))  # noqa: S608
        db.session.commit()
    assert "You are subscribed" not in _receipt(client, asked.confirm)


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_every_page_of_the_way_in_works_in_a_text_browser(
    client: FlaskClient, web: Flask, shop: Shop, language: str
) -> None:
    asked, done = ask(web, shop.policy, address="erik@example.com"), say_yes(web, shop.policy)
    pages = [
        client.get(f"{shop.path}?lang={language}"),
        client.post(f"{shop.path}?lang={language}", data=shop.post()),
        client.post(f"{shop.path}?lang={language}", data={}),
        client.get(f"{shop.path}/again?lang={language}"),
        client.get(f"/confirm/{asked.confirm}?lang={language}"),
        client.get(f"/confirm/{done.confirm}?lang={language}"),
    ]
    for answer in pages:
        read = Words(answer.text)
        assert not {"script", "style", "img", "iframe", "canvas"} & set(read.tags)
        assert " onclick" not in answer.text
        assert " style=" not in answer.text
        assert read.tags.count("h1") == 1
        assert "Set-Cookie" not in answer.headers


def test_the_one_click_of_a_confirmation_cancels_the_request_and_names_a_stored_receipt(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    """T37: the answer reflects what is stored, and the button says so afterwards."""
    asked = ask(web, shop.policy)
    body = "List-Unsubscribe=One-Click"
    kind = {"content_type": "application/x-www-form-urlencoded"}
    accept = {"Accept": "application/json"}
    answer = client.post(f"/u/{asked.cancel}", data=body, headers=accept, **kind)
    assert answer.status_code == 200
    with web.app_context():
        stored = db.session.get(StoredReceipt, answer.get_json()["receipt"])
        assert stored is not None
        assert stored.entry_id is not None
    assert optin_state(web) == "cancelled"
    assert kinds(web, asked.subscriber)[-1] == "unsubscribed"
    page = unescape(client.post(f"/confirm/{asked.confirm}?lang=en").text)
    assert "This request was cancelled" in page
    assert standing(web, asked.subscriber) == "unsubscribed"


def test_a_request_is_open_to_the_last_moment_of_seven_days_and_then_gone(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    """Both sides of the boundary, for the button and for the sweep that destroys the data."""
    asked = ask(web, shop.policy)
    with web.app_context():
        query = "SELECT created_at FROM optins"
        asked_at = db.session.execute(text(query)).scalar_one()
    before = asked_at + timedelta(days=7) - timedelta(microseconds=1)
    with clock.use(lambda: before), web.app_context():
        assert expiry.forget_unconfirmed() == 0
        assert optin_state(web) == "open"
    at = asked_at + timedelta(days=7)
    with clock.use(lambda: at):
        assert "expired" in client.get(f"/confirm/{asked.confirm}?lang=en").text
        with web.app_context():
            assert expiry.forget_unconfirmed() == 1
            db.session.commit()
            people = db.session.execute(text("SELECT personal, provider FROM subscribers"))
            assert [tuple(row) for row in people] == [(None, "")]
            assert db.session.execute(text("SELECT personal FROM optins")).scalar_one() is None
        assert client.post(f"/confirm/{asked.confirm}").status_code == 200
    assert "given" not in kinds(web, asked.subscriber)


def test_the_very_last_moment_still_says_yes(client: FlaskClient, web: Flask, shop: Shop) -> None:
    asked = ask(web, shop.policy)
    with web.app_context():
        asked_at = db.session.execute(text("SELECT created_at FROM optins")).scalar_one()
    last = asked_at + timedelta(days=7) - timedelta(microseconds=1)
    with clock.use(lambda: last):
        assert client.post(f"/confirm/{asked.confirm}").status_code == 200
    assert standing(web, asked.subscriber) == "given"


def test_opening_the_receipt_changes_nothing(
    client: FlaskClient, web: Flask, shop: Shop, rows: Rows
) -> None:
    """T32."""
    asked = say_yes(web, shop.policy)
    before = rows()
    for method in ("GET", "HEAD", "OPTIONS"):
        assert client.open(f"/confirm/{asked.confirm}", method=method).status_code == 200
    assert rows() == before
