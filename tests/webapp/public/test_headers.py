"""What every public answer carries, and what it never carries."""

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.webapp.conftest import With
from tests.webapp.public.conftest import Rows, Shop
from tests.webapp.public.people import Asked, leave_link, say_yes

LANGUAGES = ("kk", "ru", "en")


@pytest.fixture
def person(web: Flask, shop: Shop) -> Asked:
    return say_yes(web, shop.policy)


@pytest.fixture
def addresses(web: Flask, shop: Shop, person: Asked) -> dict[str, str]:
    """One address of each kind of public page."""
    return {
        "home": "/",
        "join": shop.path,
        "again": f"{shop.path}/again",
        "confirm": f"/confirm/{person.confirm}",
        "leave": leave_link(web, person.subscriber),
        "policy": "/policy",
        "version": f"/policy/{shop.policy}",
        "missing": "/nonsense",
    }


def test_no_get_of_any_public_address_changes_a_row(
    client: FlaskClient, addresses: dict[str, str], rows: Rows
) -> None:
    before = rows()
    for address in [*addresses.values(), "/healthz", "/readyz", "/metrics"]:
        for method in ("GET", "HEAD"):
            client.open(address, method=method)
    assert rows() == before


def test_every_public_page_is_strict_and_sets_no_cookie(
    client: FlaskClient, addresses: dict[str, str]
) -> None:
    for address in addresses.values():
        headers = client.get(address).headers
        assert "Set-Cookie" not in headers
        assert headers["Content-Security-Policy"] == (
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'"
        )
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Strict-Transport-Security" not in headers


def test_a_post_of_the_public_sets_no_cookie(client: FlaskClient, shop: Shop) -> None:
    assert "Set-Cookie" not in client.post(shop.path, data=shop.post()).headers


def test_over_https_the_browser_is_held_to_it(with_settings: With) -> None:
    headers = with_settings(public_url="https://letters.example").get("/").headers
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_pages_with_a_form_let_our_own_server_see_where_it_was_posted_from(
    client: FlaskClient, addresses: dict[str, str]
) -> None:
    for name in ("join", "leave"):
        assert client.get(addresses[name]).headers["Referrer-Policy"] == "same-origin"
    for name in ("home", "policy", "missing", "confirm"):
        assert client.get(addresses[name]).headers["Referrer-Policy"] == "no-referrer"


def test_personal_pages_are_never_indexed_and_never_kept(
    client: FlaskClient, addresses: dict[str, str]
) -> None:
    for name in ("confirm", "leave"):
        answer = client.get(addresses[name])
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert '<meta name="robots" content="noindex' in answer.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_names_its_language_and_links_to_the_others(
    client: FlaskClient, addresses: dict[str, str], language: str
) -> None:
    for name, address in addresses.items():
        page = client.get(f"{address}?lang={language}").text
        assert f'<html lang="{language}"' in page, name
        if name != "missing":
            for other in LANGUAGES:
                assert f'href="{address}?lang={other}"' in page, name


def test_no_page_runs_a_script_or_names_a_host_that_is_not_ours(
    client: FlaskClient, addresses: dict[str, str]
) -> None:
    for address in addresses.values():
        seen = _Seen()
        seen.feed(client.get(address).text)
        assert not {"script", "img", "iframe", "object", "embed", "video"} & seen.tags
        assert not seen.inline
        assert {urlsplit(link).netloc for link in seen.links} <= {""}


def test_every_link_of_a_page_leads_somewhere(
    client: FlaskClient, addresses: dict[str, str]
) -> None:
    for address in addresses.values():
        seen = _Seen()
        seen.feed(client.get(address).text)
        for link in seen.links:
            if link.startswith("/"):
                with client.get(link) as answer:
                    assert answer.status_code == 200, link


def test_the_style_sheet_is_small_and_may_be_kept_for_a_year(client: FlaskClient) -> None:
    page = client.get("/").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    with client.get(address) as answer:
        assert len(answer.data) <= 10 * 1024
        assert "immutable" in answer.headers["Cache-Control"]


def test_an_error_page_names_a_next_step_and_no_detail(client: FlaskClient, shop: Shop) -> None:
    for address, method in (("/nonsense", "get"), ("/policy", "post"), ("/u/x", "post")):
        answer = client.open(f"{address}?lang=en", method=method)
        assert answer.status_code in (404, 405)
        assert "mailto:helpdesk@glazik.example" in answer.text
        assert "Traceback" not in answer.text


@pytest.mark.parametrize("address", ["/nonsense", "/u/x", "/a%22%3E%23b"])
def test_a_page_that_is_not_there_can_be_read_in_each_language(
    client: FlaskClient, address: str
) -> None:
    page = client.get(address, headers={"Accept-Language": "ru"})
    assert page.status_code == 404
    links = re.findall(r'href="([^"]*)" lang="(..)"', page.text)
    assert links == [(f"?lang={code}", code) for code in ("kk", "ru", "en")]
    asked = client.get(address + "?lang=en", headers={"Accept-Language": "ru"})
    assert '<html lang="en"' in asked.text


class _Seen(HTMLParser):
    """The tags of a page, where its links lead, and what would run or style inline."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: set[str] = set()
        self.inline: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("href", "src", "action") and value and not value.startswith("mailto:"):
                self.links.add(value)
            if name == "style" or name.startswith("on"):
                self.inline.add(f"{tag} {name}")
