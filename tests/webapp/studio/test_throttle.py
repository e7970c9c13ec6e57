"""The brake on guessed passwords."""

import pytest
from flask import Flask
from redis import Redis

from mailing.base.settings import Settings
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import PASSWORD
from webapp.studio.throttle import ONE_ACCOUNT, WHOLE_NETWORK, Throttle

HERE, ELSEWHERE = "192.0.2.7", "198.51.100.9"
DANA = "dana@example.com"


def test_each_further_guess_waits_longer_and_the_longest_wait_is_bounded() -> None:
    waits = [ONE_ACCOUNT.wait_after(tries) for tries in range(1, 40)]
    assert waits[:8] == [0, 0, 0, 0, 1, 2, 4, 8]
    assert waits == sorted(waits)
    assert waits[-1] == ONE_ACCOUNT.longest


def test_guesses_from_one_network_do_not_hold_up_the_victim(settings: Settings) -> None:
    throttle = Throttle(settings)
    for _ in range(ONE_ACCOUNT.free):
        assert throttle.wait_seconds(HERE, DANA) == 0
    assert throttle.wait_seconds(HERE, DANA) > 0
    assert throttle.wait_seconds(ELSEWHERE, DANA) == 0
    assert throttle.wait_seconds(HERE, "aigul@example.com") == 0


def test_another_spelling_of_the_address_is_the_same_account(settings: Settings) -> None:
    throttle = Throttle(settings)
    for spelling in (DANA, " Dana@example.com", "DANA@EXAMPLE.COM ", DANA, DANA):
        throttle.wait_seconds(HERE, spelling)
    assert throttle.wait_seconds(HERE, DANA) > 0


def test_one_customers_ipv6_addresses_count_as_one_network(settings: Settings) -> None:
    throttle = Throttle(settings)
    for number in range(ONE_ACCOUNT.free):
        throttle.wait_seconds(f"2001:db8:1:2::{number}", DANA)
    assert throttle.wait_seconds("2001:db8:1:2:ffff::1", DANA) > 0
    assert throttle.wait_seconds("2001:db8:1:3::1", DANA) == 0


def test_a_network_that_tries_many_accounts_is_braked_too(settings: Settings) -> None:
    throttle = Throttle(settings)
    for number in range(WHOLE_NETWORK.free):
        throttle.wait_seconds(HERE, f"person{number}@example.com")
    assert throttle.wait_seconds(HERE, "one.more@example.com") > 0


def test_knowing_the_password_clears_the_account_and_not_the_network(settings: Settings) -> None:
    throttle = Throttle(settings)
    for _ in range(ONE_ACCOUNT.free):
        throttle.wait_seconds(HERE, DANA)
    throttle.succeeded(HERE, DANA)
    assert throttle.wait_seconds(HERE, DANA) == 0
    for number in range(WHOLE_NETWORK.free - ONE_ACCOUNT.free - 1):
        throttle.wait_seconds(HERE, f"person{number}@example.com")
    assert throttle.wait_seconds(HERE, "one.more@example.com") > 0


def test_the_counters_name_nobody(settings: Settings) -> None:
    Throttle(settings).wait_seconds(HERE, DANA)
    with Redis.from_url(settings.queue, decode_responses=True) as redis:
        keys = list(redis.scan_iter(f"{settings.queue_prefix}*"))
    assert keys
    assert not [key for key in keys if "dana" in key or HERE in key]


def test_with_the_queue_away_logins_go_on(settings: Settings) -> None:
    away = Throttle(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"}))
    assert [away.wait_seconds(HERE, DANA) for _ in range(20)] == [0] * 20
    away.succeeded(HERE, DANA)


@pytest.mark.parametrize("password", [PASSWORD, "not the password"])
def test_a_braked_login_answers_alike_for_a_right_and_a_wrong_password(
    web: Flask, crew: None, password: str
) -> None:
    browser = Browser(web.test_client())
    for _ in range(ONE_ACCOUNT.free):
        browser.log_in("viewer@example.com", "guess guess guess")
    answer = browser.log_in("viewer@example.com", password)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
