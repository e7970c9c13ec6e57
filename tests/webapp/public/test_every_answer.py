"""What every public answer carries and never carries, for each sample of each rule.

The pages come from samples.py, so that a page that is added there is looked at here, too.
"""

import re
from collections import defaultdict
from itertools import product

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.webapp.public.conftest import Rows, Shop
from tests.webapp.public.crowd import Crowd, gather
from tests.webapp.public.reading import PageReader
from tests.webapp.public.samples import ACTIONS, Page, pages

LANGUAGES = ("kk", "ru", "en")
CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# Whatever could betray, by an answer to a forged link, what there is behind it.
TELLING = ("Date",)


@pytest.fixture
def crowd(web: Flask, shop: Shop) -> Crowd:
    return gather(web, shop)


def test_every_page_is_well_made_and_keeps_to_itself(client: FlaskClient, crowd: Crowd) -> None:
    found = {}
    for language, page in product(LANGUAGES, pages(crowd)):
        answer = client.get(f"{page.address}?lang={language}")
        wrong = _wrong_headers(answer, page.is_personal)
        found[page, language] = [*wrong, *_wrong_page(answer, language)]
    assert {page: wrong for page, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_to_a_post_is_well_made_and_keeps_to_itself(
    client: FlaskClient, crowd: Crowd, language: str
) -> None:
    # A crowd for each language: what is posted once is answered otherwise the next time.
    found = {}
    for rule, make in ACTIONS.items():
        for what, (address, form) in make(crowd, rule).items():
            answer = client.post(f"{address}?lang={language}", data=form)
            wrong = _wrong_headers(answer, "<token>" in rule)
            found[rule, what] = [*wrong, *_wrong_page(answer, language)]
    assert {action: wrong for action, wrong in found.items() if wrong} == {}


def test_forged_links_are_answered_alike_whatever_the_rule_and_change_nothing(
    client: FlaskClient, crowd: Crowd, rows: Rows
) -> None:
    before = rows()
    for language in LANGUAGES:
        _demand_one_answer_to_forged_links(client, crowd, language)
    assert rows() == before


def _demand_one_answer_to_forged_links(client: FlaskClient, crowd: Crowd, language: str) -> None:
    answers = defaultdict(list)
    forged = [page for page in pages(crowd) if page.is_forged or page.what == "missing"]
    assert len({page.rule for page in forged}) > 2
    for page in forged:
        answer = client.get(f"{page.address}?lang={language}")
        answers[_bytes_of(answer)].append(page)
    for rule, make in ACTIONS.items():
        for what, (address, form) in make(crowd, rule).items():
            if what.startswith("forged"):
                answer = client.post(f"{address}?lang={language}", data=form)
                answer.headers.pop("Access-Control-Allow-Origin", None)
                answers[_bytes_of(answer)].append(Page(rule, what, address))
    assert len(answers) == 1, {key[0]: pages[:3] for key, pages in answers.items()}
    assert next(iter(answers))[0] == 404


def test_a_good_link_never_ends_in_a_wall(client: FlaskClient, crowd: Crowd) -> None:
    """T31, T40: also of who has left, of a campaign that is gone, of who has been destroyed."""
    walls = [
        page
        for page in pages(crowd)
        if page.is_personal and not page.is_forged and client.get(page.address).status_code >= 400
    ]
    assert walls == []


def test_every_link_of_every_page_leads_somewhere(client: FlaskClient, crowd: Crowd) -> None:
    asked: dict[str, int] = {}
    for page in pages(crowd):
        for given in PageReader(client.get(page.address).text).all("a", "link"):
            link = given.get("href", "")
            if link.startswith("/") and link not in asked:
                with client.get(link) as answer:
                    asked[link] = answer.status_code
    assert len(asked) > 5
    assert {link: status for link, status in asked.items() if status != 200} == {}


def test_a_page_with_something_wrong_is_found_out() -> None:
    """The reader itself is no use unless it complains."""
    page = (
        "<html><title></title><main><h1>a</h1><h1>b</h1><p id=x></p><b id=x style='x'></b>"
        "<input name=email><img src='//cdn.example/x.png'><a onclick=x href='http://x.example'>x"
        "</a><p aria-describedby=y><script></script></main></html>"
    )
    found = "\n".join(PageReader(page).complaints())
    for word in ("x stands twice", "id y", "2 headings", "title is empty", "email has no label"):
        assert word in found
    for word in ("<img>", "<script>", "b style", "a onclick", "cdn.example", "http://x.example"):
        assert word in found


def _wrong_headers(answer: TestResponse, is_personal: bool) -> list[str]:
    headers = answer.headers
    has_form = "<form" in answer.text
    wanted = {
        "Content-Security-Policy": CONTENT_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "same-origin" if has_form else "no-referrer",
        "Cache-Control": "no-store",
        "Content-Type": "text/html; charset=utf-8",
    }
    if not is_personal and not has_form:
        # Nobody's address stands in it: whose referrer is named says nothing of a person.
        del wanted["Referrer-Policy"]
    if is_personal:
        wanted["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    found = [f"{k}: {headers.get(k)}" for k, value in wanted.items() if headers.get(k) != value]
    forbidden = ("Set-Cookie", "Server-Timing", "X-Powered-By", "Location", "Refresh")
    return found + [f"{name} is sent" for name in forbidden if name in headers]


def _wrong_page(answer: TestResponse, language: str) -> list[str]:
    page = PageReader(answer.text)
    (html,) = page.all("html")
    found = page.complaints()
    found += [] if html.get("lang") == language else [f"the language is {html.get('lang')}"]
    if "X-Robots-Tag" in answer.headers:
        robots = [given for given in page.all("meta") if given.get("name") == "robots"]
        found += [] if robots and "noindex" in robots[0]["content"] else ["no robots in the page"]
    found += ["a traceback"] if re.search(r"Traceback|sqlalchemy|psycopg", answer.text) else []
    return found


def _bytes_of(answer: TestResponse) -> tuple[int, bytes, tuple[tuple[str, str], ...]]:
    kept = sorted((name, value) for name, value in answer.headers if name not in TELLING)
    return answer.status_code, answer.data, tuple(kept)
