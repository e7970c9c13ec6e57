"""Forms as a page of HTML holds them, and the operator's copy of one, sent from their site."""

from datetime import date
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from mailing.base.database import db
from mailing.people import evidence, forms, ledger, topics
from mailing.people.optins import OptIn
from mailing.people.snippet import snippet
from mailing.people.topics import Frequency, Promise
from mailing.policies import versions
from mailing.policies.versions import NewText
from tests.webapp.public.conftest import Shop

SITE = {"Origin": "https://shop.example", "Referer": "https://shop.example/subscribe"}


class Fields(HTMLParser):
    """The fields that a page's form would send untouched, by name."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.action = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = named["action"]
        if tag == "input" and named.get("type") != "checkbox":
            self.values[named["name"]] = named.get("value", "")


def hidden_fields(html: str) -> dict[str, str]:
    """What an untouched form of the page sends."""
    return Fields(html).values


@pytest.fixture
def copy(web: Flask, shop: Shop) -> Fields:
    """The form as the operator pasted it a while ago."""
    with web.app_context():
        return Fields(snippet("news", "ru"))


def _send(client: FlaskClient, copy: Fields, **typed: object) -> tuple[int, str]:
    path = copy.action.removeprefix("http://127.0.0.1:8080")
    filled = {**copy.values, "email": "aigerim@example.com", "topic": "offers", **typed}
    answer = client.post(path, data=filled, headers=SITE)
    return answer.status_code, answer.text


def _newest(web: Flask) -> OptIn | None:
    return db.session.scalars(select(OptIn).order_by(OptIn.created_at.desc())).first()


def test_a_copy_on_the_operators_site_is_taken(
    client: FlaskClient, web: Flask, copy: Fields
) -> None:
    status, page = _send(client, copy, given_name="Айгерим")
    assert status == 200
    assert '<html lang="ru"' in page
    with web.app_context():
        taken = _newest(web)
        assert taken is not None
        assert (taken.page, taken.language) == ("https://shop.example/subscribe", "ru")
        assert taken.typed() == {"given_name": "Айгерим"}


def test_a_copy_of_an_old_policy_is_answered_by_the_hosted_form_with_all_that_was_typed(
    client: FlaskClient, web: Flask, copy: Fields
) -> None:
    """A form posted a year later under an old policy."""
    with web.app_context():
        text = versions.import_text("Жаңа саясат\n".encode(), NewText("kk", date(2025, 10, 1)))
        new = versions.publish(versions.find(text.policy_id)).id
        db.session.commit()
    status, page = _send(client, copy, given_name="Айгерим")
    assert status == 422
    assert "Айгерим" in page
    assert 'value="offers" checked' in page
    hosted = Fields(page)
    assert hosted.values["policy"] == str(new)
    sent = client.post(hosted.action, data={**hosted.values, "topic": "offers"})
    assert sent.status_code == 200
    with web.app_context():
        taken = _newest(web)
        assert taken is not None
        assert taken.policy_id == new


@pytest.mark.parametrize("what", ["name", "frequency", "heading", "topic"])
def test_a_copy_whose_words_have_changed_is_never_taken_for_words_that_nobody_read(
    client: FlaskClient, web: Flask, copy: Fields, what: str
) -> None:
    with web.app_context():
        if what == "name":
            topics.rename(topics.find("offers"), {"ru": "Скидки"})
        elif what == "frequency":
            topics.describe(topics.find("offers"), Promise({}, Frequency.DAILY))
        elif what == "heading":
            said = {"ru": {"heading": "Новости"}}
            forms.add("news", ["https://shop.example"], ["new", "offers"], said)
        else:
            forms.add("news", ["https://shop.example"], ["offers"])
        db.session.commit()
    status, page = _send(client, copy)
    assert status == 422
    assert "Слова этой формы изменились" in page
    hosted = Fields(page)
    again = client.post(hosted.action, data={**hosted.values, "topic": "offers"})
    assert again.status_code == 200


def test_the_evidence_of_a_copy_shows_the_words_that_it_held(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    """T55."""
    with web.app_context():
        said = {"ru": {"heading": "Новости", "introduction": "Раз в неделю."}}
        forms.add("news", ["https://shop.example"], ["new", "offers"], said)
        topics.describe(topics.find("offers"), Promise({}, Frequency.WEEKLY))
        db.session.commit()
        copy = Fields(snippet("news", "ru"))
    assert _send(client, copy)[0] == 200
    with web.app_context():
        taken = _newest(web)
        assert taken is not None
        (entry,) = ledger.history(taken.subscriber_id)
        body = evidence.body_of(entry.evidence_hash)
        assert body["form_version"] == 2
        assert {"heading", "introduction", "wording"} <= set(body)


@pytest.mark.parametrize("origin", ["https://www.shop.example", "https://evil.test", "null"])
def test_a_form_from_another_site_is_refused_with_what_to_do(
    client: FlaskClient, web: Flask, shop: Shop, origin: str
) -> None:
    answer = client.post(f"{shop.path}?lang=en", data=shop.post(), headers={"Origin": origin})
    assert answer.status_code == 403
    assert f'href="{shop.path}?lang=en"' in answer.text
    assert ("four sites" in answer.text) == (origin != "null")
    assert ("Referrer-Policy" in answer.text) == (origin == "null")
    assert (origin in answer.text) == (origin != "null")
    with web.app_context():
        assert db.session.scalar(select(func.count()).select_from(OptIn)) == 0


def test_the_site_that_is_named_back_is_text_and_short(client: FlaskClient, shop: Shop) -> None:
    for hostile in ("https://<script>alert(1)</script>", "https://" + "x" * 5000 + ".test"):
        page = client.post(shop.path, data=shop.post(), headers={"Origin": hostile}).text
        assert "<script" not in page
        assert "x" * 300 not in page
