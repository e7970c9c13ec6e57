"""The opt-in form: what it shows, what it takes, and how little its answer tells."""

from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import Settings, current
from mailing.base.tokens import OptInToken, link_keys
from mailing.deliveries.deliveries import Delivery
from mailing.people import evidence, ledger, optins, topics
from mailing.people.wording import sentence
from mailing.policies import versions
from tests.webapp.conftest import With
from tests.webapp.public.conftest import Shop
from webapp.public.opened import stamp


def test_the_form_shows_one_unticked_box_a_topic_with_the_whole_sentence(
    client: FlaskClient, web: Flask, shop: Shop, settings: Settings
) -> None:
    page = unescape(client.get(f"{shop.path}?lang=ru").text)
    assert page.count('type="checkbox"') == 2
    assert "checked" not in page
    with web.app_context():
        policy = versions.find(shop.policy)
        for slug in ("new", "offers"):
            assert sentence(topics.find(slug), policy, "ru") in page


def test_the_form_names_the_operator_with_bin_and_the_policy_with_version_and_date(
    client: FlaskClient, shop: Shop, settings: Settings
) -> None:
    page = client.get(f"{shop.path}?lang=en").text
    for words in (settings.operator_name, settings.operator_bin, settings.operator_address):
        assert words
        assert words in page
    assert "version 2024-10-01, in force since 1 October 2024" in page
    assert f'href="/policy/{shop.policy}?lang=en"' in page
    assert f'name="policy" value="{shop.policy}"' in page


def test_the_form_asks_only_for_fields_that_the_policy_declares(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    assert 'name="phone"' in client.get(shop.path).text
    with web.app_context():
        versions.find(shop.policy).fields = ["email", "given_name"]
        db.session.commit()
    page = client.get(shop.path).text
    assert 'name="given_name"' in page
    assert 'name="phone"' not in page
    assert 'name="surname"' not in page


def test_a_post_becomes_a_request_with_the_wording_that_was_shown(
    client: FlaskClient, web: Flask, shop: Shop, settings: Settings
) -> None:
    answer = client.post(shop.path, data=shop.post(language="ru", given_name="Айгерим"))
    assert answer.status_code == 200
    with web.app_context():
        optin = db.session.scalars(select(optins.OptIn)).one()
        assert (optin.language, optin.policy_id) == ("ru", shop.policy)
        assert optin.typed() == {"given_name": "Айгерим"}
        delivery = db.session.scalars(select(Delivery)).one()
        assert (delivery.kind, delivery.optin_id) == ("confirmation", optin.id)


@pytest.mark.parametrize(
    ("stamped", "headers", "page"),
    [
        ("news", {}, "http://127.0.0.1:8080/join/news"),
        ("news", {"Origin": "https://shop.example"}, "https://shop.example"),
        ("", {"Origin": "http://127.0.0.1:8080"}, "http://127.0.0.1:8080/join/news"),
        ("", {}, ""),
        ("another", {}, ""),
        ("forged", {}, ""),
    ],
    ids=str,
)
def test_the_hosted_page_is_evidence_only_where_its_stamp_or_the_browser_says_so(
    client: FlaskClient,
    web: Flask,
    shop: Shop,
    stamped: str,
    headers: dict[str, str],
    page: str,
) -> None:
    """A copy of the form, and a program that names no page, are not taken for the hosted form."""
    long_ago = clock.now() - timedelta(days=9)
    with web.app_context(), clock.use(lambda: long_ago):
        opened = stamp(stamped) if stamped in ("news", "another") else stamped
    client.post(shop.path, data=shop.post(opened=opened), headers=headers)
    with web.app_context():
        optin = db.session.scalars(select(optins.OptIn)).one()
        told = evidence.body_of(ledger.history(optin.subscriber_id)[0].evidence_hash)
        assert (optin.page, told["page"]) == (page, page or None)


def test_where_the_page_is_not_known_the_receipt_says_so(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    client.post(shop.path, data=shop.post())
    with web.app_context():
        optin = db.session.scalars(select(optins.OptIn)).one()
        token = OptInToken(optin.id, optin.subscriber_id)
        link = token.text(link_keys(current().secret_keys), "confirm")
    assert "<dt>On which page</dt><dd>not known</dd>" in client.post(f"/confirm/{link}").text


def test_network_address_and_browser_are_not_kept_where_the_policy_does_not_declare_them(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    client.post(shop.path, data=shop.post(), headers={"User-Agent": "canary/1"})
    with web.app_context():
        assert db.session.scalars(select(optins.OptIn)).one().typed() == {}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"email": "  AIGERIM@Example.com "},
        {"email": "stranger@example.com"},
        {"given_name": "Айгерім"},
        {"given_name": "line\r\nBcc: all@example.com"},
        {"given_name": "\x00\u2028\u202e"},
        {"surname": "x" * 5000},
        {"phone": "<script>alert(1)</script>"},
        {"topic": ["new", "offers"]},
        {"iin": "an undeclared field"},
    ],
    ids=str,
)
def test_every_well_formed_post_gets_the_same_bytes(
    client: FlaskClient, shop: Shop, changes: dict[str, object]
) -> None:
    first = client.post(shop.path, data=shop.post())
    again = client.post(shop.path, data=shop.post(**changes))
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.data == again.data
    assert sorted(first.headers) == sorted(again.headers)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": ""}, "email"),
        ({"email": "aigerim"}, "email"),
        ({"email": "aigerim@"}, "email"),
        ({"email": "a@example.com, b@example.com"}, "email"),
        ({"email": "a@exam\r\nple.com"}, "email"),
        ({"topic": []}, "topic-1"),
        ({"topic": "notices"}, "topic-1"),
        ({"topic": ["offers", "nonsense"]}, "topic-1"),
        ({"policy": "99999"}, "policy-link"),
        ({"policy": ""}, "policy-link"),
        ({"policy": "<b>"}, "policy-link"),
    ],
    ids=str,
)
def test_a_malformed_post_names_the_field_and_loses_nothing_that_was_typed(
    client: FlaskClient, web: Flask, shop: Shop, changes: dict[str, object], field: str
) -> None:
    answer = client.post(shop.path, data=shop.post(given_name='A"igerim', **changes))
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert 'role="alert"' in answer.text
    assert f'<a href="#{field}">' in answer.text
    assert f'id="{field}"' in answer.text
    assert 'value="A&#34;igerim"' in answer.text
    with web.app_context():
        assert db.session.scalar(select(func.count()).select_from(optins.OptIn)) == 0


def test_the_boxes_that_were_ticked_stay_ticked_when_something_else_is_wrong(
    client: FlaskClient, shop: Shop
) -> None:
    page = client.post(shop.path, data=shop.post(email="aigerim")).text
    assert 'value="offers" checked' in page
    assert 'value="new" checked' not in page


def test_the_message_beside_a_field_is_tied_to_it(client: FlaskClient, shop: Shop) -> None:
    page = client.post(shop.path, data=shop.post(email="aigerim")).text
    assert 'aria-invalid="true" aria-describedby="email-error"' in page
    assert 'id="email-error"' in page


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unknown_form_is_not_found(client: FlaskClient, shop: Shop, method: str) -> None:
    assert client.open("/join/nonsense", method=method, data=shop.post()).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://127.0.0.1:8080"}, 200),
        ({"Origin": "https://shop.example"}, 200),
        ({"Origin": "https://SHOP.example:443"}, 200),
        ({"Referer": "https://shop.example/news?utm=1"}, 200),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://shop.example"}, 403),
        ({"Origin": "https://shop.example.evil.test"}, 403),
        ({"Origin": "https://evil.test", "Referer": "https://shop.example/"}, 403),
        ({"Referer": "https://evil.test/"}, 403),
        ({"Referer": "https://[broken"}, 403),
    ],
    ids=str,
)
def test_consent_is_taken_from_the_registered_sites_and_our_own_page_only(
    client: FlaskClient, web: Flask, shop: Shop, headers: dict[str, str], status: int
) -> None:
    answer = client.post(shop.path, data=shop.post(), headers=headers)
    assert answer.status_code == status
    with web.app_context():
        taken = db.session.scalar(select(func.count()).select_from(optins.OptIn))
        assert taken == (1 if status == 200 else 0)


def test_the_page_of_the_operators_site_is_the_evidence_without_its_query(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    headers = {"Origin": shop.origin, "Referer": "https://shop.example/sale?who=aigerim#x"}
    client.post(shop.path, data=shop.post(), headers=headers)
    with web.app_context():
        assert db.session.scalars(select(optins.OptIn)).one().page == "https://shop.example/sale"


@pytest.mark.parametrize("missing", ["operator_name", "operator_bin", "operator_address"])
def test_without_the_operators_identity_the_form_takes_nothing_and_says_what_to_do(
    with_settings: With, shop: Shop, missing: str
) -> None:
    nameless = with_settings(**{missing: None})
    for answer in (nameless.get(shop.path), nameless.post(shop.path, data=shop.post())):
        assert answer.status_code == 503
        assert "KELISIM_OPERATOR_BIN" in answer.text


def test_without_a_policy_in_force_the_form_takes_nothing_and_says_what_to_do(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    with web.app_context():
        versions.find(shop.policy).published_at = None
        db.session.commit()
    answer = client.post(f"{shop.path}?lang=en", data=shop.post())
    assert answer.status_code == 503
    assert "kelisim policy import" in answer.text


def test_the_answer_names_where_to_write_who_cannot_return_by_a_form(
    client: FlaskClient, shop: Shop, settings: Settings
) -> None:
    answer = client.post(shop.path, data=shop.post())
    assert f"mailto:{settings.helpdesk_address}" in answer.text


def test_the_answer_speaks_the_language_that_the_form_was_in(
    client: FlaskClient, shop: Shop
) -> None:
    kazakh = client.post(
        shop.path, data=shop.post(language="kk"), headers={"Accept-Language": "en"}
    )
    assert '<html lang="kk"' in kazakh.text
    asked = client.post(f"{shop.path}?lang=ru", data=shop.post(language="kk"))
    assert '<html lang="ru"' in asked.text
