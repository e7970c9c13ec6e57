"""Whatever is sent to the public: never a fault of ours, and what is refused changes nothing."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from tests.webapp.public.conftest import Rows, Shop
from tests.webapp.public.crowd import Crowd, gather
from tests.webapp.public.samples import ACTIONS, SAMPLES

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get")
TYPES = (
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-7",
    "multipart/form-data",
    "multipart/form-data; boundary=b",
    "application/json",
    "text/plain",
    "image/svg+xml",
    "",
    "nonsense",
)
FIELDS = (
    *("email", "topic", "policy", "language", "given_name", "surname", "phone", "page", "lang"),
    *("_method", "csrf_token", "action", "days", "reason", "confirm"),
)
HEADERS = (
    *("Accept", "Accept-Language", "Origin", "Referer", "Cookie", "User-Agent", "Range"),
    *("If-None-Match", "If-Modified-Since", "X-Forwarded-For", "X-HTTP-Method-Override"),
    *("Content-Encoding", "Authorization", "Access-Control-Request-Method", "Forwarded"),
)
# What has broken others: ends of lines, NUL, twins, direction marks, numbers that are too big.
HOSTILE = (
    *("", "\0", "\r\nX-Injected: 1", "\n.\n", "\u2028", "\u202e", "\ufeff", "\ud800"),
    *("a@b", "a@b.example,c@d.example", '"a b"@example.com', "a@xn--.example", "ａ@example.com"),
    *("-1", "0", "9" * 30, "1e9", "NaN", "true", "null", "[]", "{}", "{{7*7}}", "${7*7}"),
    *("' OR 1=1--", "<script>", "../../etc/passwd", "%00", "%", "%zz", "*", "é" * 400, "A" * 9000),
    *("kk", "ru", "xx", "kk;q=nan", "https://shop.example", "null", "javascript:1"),
)
texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60))
latin = st.one_of(
    st.sampled_from([one for one in HOSTILE if one.isprintable() and one.isascii()]),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60),
)
queries = st.binary(max_size=40).map(lambda raw: raw.decode("latin-1"))
pairs = st.lists(st.tuples(st.sampled_from(FIELDS), texts), max_size=6)


@st.composite
def requests(draw: Any) -> dict[str, Any]:
    """One request but for its path, which is picked by number."""
    body = draw(st.one_of(st.binary(max_size=200), pairs))
    shape: dict[str, Any] = {
        "method": draw(st.sampled_from(METHODS)),
        "headers": draw(st.dictionaries(st.sampled_from(HEADERS), latin, max_size=4)),
        "query_string": draw(st.one_of(st.none(), queries, pairs.map(_query))),
    }
    if isinstance(body, bytes):
        return shape | {"data": body, "content_type": draw(st.sampled_from(TYPES)) or None}
    return shape | {"data": _fields(body)}


def _fields(body: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in body:
        found.setdefault(name, []).append(_encodable(value))
    return found


def _query(given: list[tuple[str, str]]) -> dict[str, str]:
    return {name: _encodable(value) for name, value in given}


def _encodable(value: str) -> str:
    return value.encode("utf-8", "ignore").decode()


@pytest.fixture
def crowd(web: Flask, shop: Shop) -> Crowd:
    return gather(web, shop)


def test_no_request_is_a_fault_of_ours_and_a_refusal_changes_no_row(
    client: FlaskClient, crowd: Crowd, rows: Rows
) -> None:
    _try(client, crowd, rows, 100)


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_no_request_of_very_many_is_a_fault_of_ours(
    client: FlaskClient, crowd: Crowd, rows: Rows
) -> None:
    _try(client, crowd, rows, 3000)


def test_no_hostile_word_in_any_field_is_a_fault_of_ours(client: FlaskClient, shop: Shop) -> None:
    for word, field in itertools.product(map(_encodable, HOSTILE), FIELDS[:7]):
        form = shop.post(**{field: word})
        answer = client.post(f"{shop.path}?lang=en", data=form)
        assert answer.status_code in (200, 422), (field, word)
        assert "Traceback" not in answer.text
        assert "X-Injected" not in answer.headers
        assert "<script" not in answer.text
        # Seven times seven: a template would have worked it out.
        assert 'value="49"' not in answer.text


def _try(client: FlaskClient, crowd: Crowd, rows: Rows, times: int) -> None:
    addresses, seen = list(_addresses(crowd)), [rows()]

    @profile(max_examples=times, deadline=None, suppress_health_check=list(HealthCheck))
    @given(where=st.sampled_from(addresses), request=requests())
    def try_one(where: str, request: dict[str, Any]) -> None:
        with client.open(where, **request) as answer:
            status = answer.status_code
            assert status != 500, (where, request)
            assert status != 503 or where == "/readyz"
            assert "Set-Cookie" not in answer.headers
            assert "X-Injected" not in answer.headers
            assert b"Traceback" not in answer.data
        before, seen[0] = seen[0], rows()
        if status >= 400 or request["method"] != "POST":
            assert seen[0] == before, (where, status)

    try_one()


def _addresses(crowd: Crowd) -> Iterator[str]:
    for rule, make in SAMPLES.items():
        yield from make(crowd, rule).values()
    for rule, post in ACTIONS.items():
        yield from (address for address, _ in post(crowd, rule).values())
