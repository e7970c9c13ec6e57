"""The form by which anybody asks something of the desk: one page for all, a number at once."""

import re

from flask import Flask
from sqlalchemy import select

from mailing.base.database import db
from mailing.requests import inquiries
from mailing.requests.requests import Request
from tests.webapp.public.conftest import Rows, Shop
from tests.webapp.public.people import say_yes

ASKED = {"do": "ask", "right": ["access", "destruction"], "told": "Бәрін көрсетіңіз"}


def newest(web: Flask) -> Request:
    with web.app_context():
        return db.session.scalars(select(Request).order_by(Request.id.desc()).limit(1)).one()


def test_the_answer_is_the_same_page_for_the_known_and_the_unknown(web: Flask, shop: Shop) -> None:
    say_yes(web, shop.policy, address="known@example.com")
    client, pages = web.test_client(), []
    for who in ("known@example.com", "stranger@example.org"):
        answer = client.post("/privacy?lang=en", data=ASKED | {"who": who})
        assert answer.status_code == 200
        made = newest(web)
        assert made.number in answer.text
        assert who not in answer.text
        pages.append(answer.text.replace(made.number, "N"))
    assert pages[0] == pages[1]
    with web.app_context():
        assert newest(web).words == "Бәрін көрсетіңіз"
    assert (made.channel, made.language) == ("form", "en")


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(web: Flask, shop: Shop) -> None:
    client = web.test_client()
    bare = client.post("/privacy?lang=en", data={"do": "ask", "told": "Сәлем", "who": "a@b.test"})
    assert bare.status_code == 422
    assert 'href="#right-1"' in bare.text
    assert "Сәлем" in bare.text
    wrong = client.post("/privacy?lang=en", data=ASKED | {"who": "x"})
    assert wrong.status_code == 422
    assert re.search(r'<input type="checkbox"[^>]*value="destruction" checked', wrong.text)
    assert 'href="#who"' in wrong.text


def test_a_link_asks_by_get_and_is_answered_by_a_button(web: Flask, shop: Shop, rows: Rows) -> None:
    client = web.test_client()
    client.post("/privacy", data=ASKED | {"who": "stranger@example.org"})
    with web.app_context():
        link = inquiries.of(newest(web).id)[0].link
    path = link[link.index("/inquiry") :]
    before = rows()
    page = client.get(f"{path}?lang=en")
    assert "Was this request from you?" in page.text
    assert "Show me what you hold about me" in page.text
    client.post(path, data={"say": "perhaps"})
    assert rows() == before
    assert "Thank you, we go on" in client.post(f"{path}?lang=en", data={"say": "yes"}).text
    assert newest(web).identity == "link"
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert page.headers["Cache-Control"] == "no-store"


def test_the_lost_mail_is_asked_for_as_before(web: Flask, shop: Shop) -> None:
    answer = web.test_client().post("/privacy?lang=en", data={"email": "dana@example.com"})
    assert "Look in your mail" in answer.text
    with web.app_context():
        assert db.session.scalars(select(Request)).all() == []
