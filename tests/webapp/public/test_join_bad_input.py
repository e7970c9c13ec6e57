"""Whatever somebody sends to the form: it is refused or taken, and never an error of ours."""

from contextlib import closing
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import EnvironBuilder

from mailing.base.database import db
from mailing.deliveries.deliveries import Delivery
from mailing.people.optins import OptIn
from mailing.people.subscribers import Subscriber
from tests.webapp.public.conftest import Shop
from tests.webapp.public.people import ask, standing

FIELDS = ("email", "topic", "policy", "language", "shown", "opened", "website", "given_name")
HOSTILE = [
    "",
    "\0",
    "\r\nBcc: all@example.com",
    "\u2028\u202e",
    "{{ 7*7 }}",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "x" * 100_000,
    "\U0001f600",
    "٣",
    "-1",
    "99999999999999999999",
]
KINDS = [
    ("application/json", b'{"email": "a@example.com"}'),
    ("text/plain", b"email=a@example.com"),
    ("application/x-www-form-urlencoded", b"\xff\xfe%00%zz&&&==="),
    ("application/x-www-form-urlencoded", b"&".join([b"topic=x"] * 20_000)),
    ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
    ("multipart/form-data", b"no boundary"),
    ("image/png", b"\x89PNG"),
    ("application/x-www-form-urlencoded; charset=utf-16", b"email=a"),
]


def _count(web: Flask, table: type) -> int:
    with web.app_context():
        return db.session.scalar(select(func.count()).select_from(table)) or 0


@pytest.mark.parametrize("path", ["", "/again"])
@pytest.mark.parametrize("field", FIELDS)
def test_no_value_of_any_field_is_an_error_of_ours(
    client: FlaskClient, web: Flask, shop: Shop, path: str, field: str
) -> None:
    for value in HOSTILE:
        answer = client.post(f"{shop.path}{path}", data=shop.post(**{field: value}))
        assert answer.status_code in (200, 422), value[:20]
        assert "<script>alert" not in answer.text
    assert _count(web, Subscriber) <= 1


@pytest.mark.parametrize("path", ["", "/again"])
@pytest.mark.parametrize(("kind", "body"), KINDS, ids=lambda one: str(one)[:30])
def test_no_body_is_an_error_of_ours(
    client: FlaskClient, web: Flask, shop: Shop, path: str, kind: str, body: bytes
) -> None:
    answer = client.post(f"{shop.path}{path}", data=body, content_type=kind)
    assert answer.status_code in (400, 413, 422)
    assert _count(web, OptIn) == 0


@pytest.mark.parametrize("path", ["", "/again"])
def test_a_body_of_a_megabyte_is_refused(
    client: FlaskClient, web: Flask, shop: Shop, path: str
) -> None:
    large = shop.post(given_name="x" * (1024 * 1024))
    files = {**shop.post(), "file": (BytesIO(b"x" * (2 * 1024 * 1024)), "large.bin")}
    for data in (large, files):
        posted = EnvironBuilder(f"{shop.path}{path}", method="POST", data=data).get_request()
        # The test client puts a large body into a file and leaves it open.
        with closing(posted.environ["wsgi.input"]):
            assert client.open(posted).status_code == 413
    assert _count(web, OptIn) == 0


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("aigerim@example.com", "AIGERIM@EXAMPLE.COM", True),
        ("aigerim@example.com", "\uff41igerim@example.com", True),
        ("aigerim@xn--j1aip.example", "aigerim@көз.example", None),
        ("aigerim@example.com", "aigerim+news@example.com", False),
        ("aigerim@example.com", "\u0430igerim@example.com", False),
    ],
)
def test_one_mailbox_is_one_person_however_it_is_spelt(
    client: FlaskClient, web: Flask, shop: Shop, first: str, second: str, is_one: bool | None
) -> None:
    """T23: capitals, width and IDN are one mailbox; a plus-tag and a Cyrillic letter are others."""
    if is_one is None:
        first, is_one = first.replace("xn--j1aip", "көз".encode("idna").decode()), True
    pages = {client.post(shop.path, data=shop.post(email=one)).data for one in (first, second)}
    assert len(pages) == 1
    assert _count(web, Subscriber) == (1 if is_one else 2)
    assert _count(web, Delivery) == (1 if is_one else 2)


def test_two_tabs_and_the_back_button_ask_once(client: FlaskClient, web: Flask, shop: Shop) -> None:
    answers = {client.post(shop.path, data=shop.post()).data for _ in range(3)}
    assert len(answers) == 1
    assert _count(web, Delivery) == 1


def test_nobody_is_given_what_they_have_only_asked_for(web: Flask, shop: Shop) -> None:
    """T8: pending is never a consent."""
    asked = ask(web, shop.policy)
    assert standing(web, asked.subscriber) == "requested"
