"""Sign-ups in a flood: the honeypot, the signed time, and the limit of one network."""

from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.people.optins import OptIn
from mailing.people.subscribers import Subscriber
from tests.webapp.conftest import With
from tests.webapp.public.conftest import Shop
from tests.webapp.public.test_wire_forms import hidden_fields
from webapp.networks import is_everybody, network_of
from webapp.public.opened import is_timely, stamp

STRANGER = {"REMOTE_ADDR": "203.0.113.7"}


def _requests(web: Flask) -> int:
    with web.app_context():
        return db.session.scalar(select(func.count()).select_from(OptIn)) or 0


def _timed(web: Flask, slug: str = "news", seconds: float = 5) -> str:
    then = clock.now() - timedelta(seconds=seconds)
    with web.app_context(), clock.use(lambda: then):
        return stamp(slug)


@pytest.fixture
def send(with_settings: With, shop: Shop) -> Callable[..., int]:
    """Posts the form of somebody new, from one network; the installation takes eight an hour."""
    small = with_settings(join_network_hourly=8)
    counted = iter(range(1000))

    def post(network: str = "203.0.113.7", **fields: object) -> int:
        data = shop.post(email=f"person{next(counted)}@example.com", **fields)
        answer = small.post(shop.path, data=data, environ_overrides={"REMOTE_ADDR": network})
        return answer.status_code

    return post


def test_whoever_fills_in_the_hidden_field_gets_the_same_answer_and_no_mail(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    honest = client.post(shop.path, data=shop.post())
    trapped = client.post(
        shop.path, data=shop.post(email="other@example.com", website="http://spam.test")
    )
    assert (trapped.status_code, trapped.data) == (200, honest.data)
    assert sorted(trapped.headers) == sorted(honest.headers)
    assert _requests(web) == 1
    with web.app_context():
        assert db.session.scalar(select(func.count()).select_from(Subscriber)) == 1


def test_the_field_is_hidden_without_a_style_and_says_to_leave_it(
    client: FlaskClient, shop: Shop
) -> None:
    page = client.get(f"{shop.path}?lang=en").text
    assert '<div class="field" hidden>' in page
    assert "Leave this field empty" in page
    assert 'tabindex="-1"' in page


def test_a_form_has_the_time_at_which_it_was_opened(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    opened = hidden_fields(client.get(shop.path).text)["opened"]
    for seconds, is_right in ((0, False), (2.5, False), (4, True), (86_000, True), (90_000, False)):
        later = clock.now() + timedelta(seconds=seconds)
        with web.app_context(), clock.use(lambda at=later: at):  # type: ignore[misc]
            assert is_timely("news", opened) == is_right, seconds


@pytest.mark.parametrize("forged", ["", "x", "A" * 300, "é", "AAAA.AAAA", "\0"])
def test_a_time_that_is_not_ours_counts_as_none(web: Flask, shop: Shop, forged: str) -> None:
    with web.app_context():
        assert not is_timely("news", forged)
        assert not is_timely("other", _timed(web))
        assert is_timely("news", _timed(web))


def test_without_a_time_a_network_has_a_quarter_of_its_forms(
    web: Flask, send: Callable[..., int]
) -> None:
    """The time is no wall by itself, and leaving it out gains nothing."""
    assert [send() for _ in range(3)] == [200, 200, 429]
    assert [send(opened=_timed(web, seconds=1)) for _ in range(2)] == [429, 429]
    assert send(opened=_timed(web)) == 200
    assert _requests(web) == 3


def test_with_a_time_a_network_has_all_of_them_and_no_more(
    web: Flask, send: Callable[..., int]
) -> None:
    opened = _timed(web)
    assert [send(opened=opened) for _ in range(9)] == [200] * 8 + [429]
    assert send("198.51.100.1", opened=opened) == 200
    assert _requests(web) == 9


def test_ipv6_is_counted_by_the_customers_network(web: Flask, send: Callable[..., int]) -> None:
    found = [send(f"2001:db8:1:2::{number}") for number in range(1, 4)]
    assert found == [200, 200, 429]
    assert send("2001:db8:1:3::1") == 200


@pytest.mark.parametrize(
    ("address", "is_shared"),
    [
        (None, True),
        ("nonsense", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("10.1.2.3", True),
        ("172.17.0.1", True),
        ("192.168.1.1", True),
        ("fd00::1", True),
        ("203.0.113.7", False),
        ("2001:db8::1", False),
        ("100.64.0.1", False),
    ],
)
def test_a_network_that_may_be_everybody_is_not_counted(
    address: str | None, is_shared: bool
) -> None:
    assert is_everybody(network_of(address)) == is_shared


def test_this_machine_is_never_held_up(send: Callable[..., int]) -> None:
    assert [send("127.0.0.1") for _ in range(12)] == [200] * 12


def test_the_answer_is_honest_and_loses_nothing_that_was_typed(
    with_settings: With, web: Flask, shop: Shop
) -> None:
    small = with_settings(join_network_hourly=1)
    for _ in range(2):
        data = shop.post(given_name="Айгерим", topic=["offers"])
        answer = small.post(f"{shop.path}?lang=en", data=data, environ_overrides=STRANGER)
    page = unescape(answer.text)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
    assert 'value="Айгерим"' in page
    assert 'value="offers" checked' in page
    assert '<a href="#send">Many forms have come from your network.' in page
    assert 'id="send"' in page


def test_the_limit_is_alike_for_known_and_unknown_addresses(
    with_settings: With, shop: Shop
) -> None:
    small = with_settings(join_network_hourly=1)
    small.post(shop.path, data=shop.post(), environ_overrides=STRANGER)
    opened = shop.post(), shop.post(email="stranger@example.com")
    known, unknown = (
        small.post(shop.path, data=data, environ_overrides=STRANGER).text.replace(
            str(data["email"]), "…"
        )
        for data in opened
    )
    assert _without_time(known) == _without_time(unknown)


def _without_time(page: str) -> str:
    return page.replace(hidden_fields(page)["opened"], "")


def test_with_redis_away_forms_are_taken_and_the_two_a_day_still_hold(
    with_settings: With, web: Flask, shop: Shop
) -> None:
    away = with_settings(join_network_hourly=1, redis_url="redis://127.0.0.1:1/0")
    for _ in range(4):
        answer = away.post(shop.path, data=shop.post(), environ_overrides=STRANGER)
        assert answer.status_code == 200
    assert _requests(web) == 1


def test_no_counter_holds_a_network_address_and_each_goes_after_an_hour(
    send: Callable[..., int], settings: Settings
) -> None:
    send()
    with redis.Redis.from_url(settings.queue, decode_responses=True) as client:
        keys = list(client.scan_iter(match=f"{settings.queue_prefix}join:*"))
        assert len(keys) == 2
        assert not [key for key in keys if "203.0.113" in key]
        assert all(0 < client.ttl(key) <= 3600 for key in keys)


def test_no_limit_where_none_is_set(with_settings: With, shop: Shop) -> None:
    free = with_settings(join_network_hourly=0)
    answers = [free.post(shop.path, data=shop.post(), environ_overrides=STRANGER) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {200}
