"""Logging in with a second factor: its own step, its own brake, a way back without telephone."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from passlib.totp import TOTP

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.staff import audit, second_factor, staff
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import PASSWORD
from webapp.studio.throttle import ACCOUNT_EVERYWHERE, ONE_ACCOUNT, Throttle

MARKETER = "marketer@example.com"


class Telephone:
    """The app of somebody who has scanned the key; each code is asked for half a minute later."""

    def __init__(self, key: str) -> None:
        self._totp = TOTP(key=key.replace(" ", ""))
        self._moment = clock.now()

    def code(self) -> str:
        return str(self._totp.generate(int(self._moment.timestamp())).token)

    def later(self) -> None:
        self._moment += timedelta(seconds=90)

    def now(self) -> object:
        return self._moment


@pytest.fixture
def phone(web: Flask, browse: Callable[[Role], Browser]) -> Iterator[tuple[Telephone, list[str]]]:
    """The marketer has set up a second factor on the pages; the recovery codes they saw."""
    browser = browse(Role.MARKETER)
    browser.post("/studio/account/second-factor/begin")
    page = browser.get("/studio/account/second-factor?lang=en").text
    found = re.search(r'<p class="key"><code>([A-Z2-7 ]+)</code>', page)
    assert found
    assert 'src="data:image/svg+xml;base64,' in page
    telephone = Telephone(found[1])
    with clock.use(telephone.now):  # type: ignore[arg-type]
        shown = browser.post("/studio/account/second-factor", {"code": telephone.code()})
        codes = re.findall(r"<li><code>([a-z2-7-]+)</code>", shown.text)
        assert (shown.status_code, len(codes)) == (200, 10)
        telephone.later()
        yield telephone, codes


@pytest.fixture
def half(web: Flask, phone: tuple[Telephone, list[str]]) -> Browser:
    """A browser that has given the marketer's password and owes the code."""
    browser = Browser(web.test_client())
    answer = browser.log_in(MARKETER, next="/studio/topics")
    assert answer.headers["Location"] == "/studio/login/code?next=/studio/topics"
    return browser


def code_of(browser: Browser, code: str, **more: object) -> int:
    page = browser.get("/studio/login/code").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    form = {"csrf_token": token[1], "code": code, **more}
    return browser.client.post("/studio/login/code", data=form).status_code


def test_setting_it_up_keeps_this_login_and_ends_the_others(
    web: Flask, browse: Callable[[Role], Browser]
) -> None:
    other, own = browse(Role.VIEWER), browse(Role.VIEWER)
    own.post("/studio/account/second-factor/begin")
    page = own.get("/studio/account/second-factor").text
    key = re.search(r'<p class="key"><code>([A-Z2-7 ]+)</code>', page)
    assert key
    own.post("/studio/account/second-factor", {"code": Telephone(key[1]).code()})
    assert own.get("/studio/account").status_code == 200
    assert other.get("/studio/account").status_code == 303


def test_the_password_alone_opens_nothing(half: Browser) -> None:
    assert half.get("/studio/campaigns").headers["Location"].startswith("/studio/login")
    assert half.client.post("/studio/account/log-out-everywhere").status_code == 401


def test_the_code_lets_in_and_leads_on_to_what_was_asked_for(
    web: Flask, half: Browser, phone: tuple[Telephone, list[str]]
) -> None:
    assert code_of(half, phone[0].code(), next="/studio/topics") == 303
    assert half.get("/studio/topics").status_code == 200
    with web.app_context():
        newest = audit.latest(1)[0]
        assert (newest.action, newest.details) == ("log in", {"second": "app"})
        assert staff.find(MARKETER).last_login_at is not None


def test_a_code_read_over_a_shoulder_opens_nothing(
    web: Flask, half: Browser, phone: tuple[Telephone, list[str]]
) -> None:
    code = phone[0].code()
    assert code_of(half, code) == 303
    thief = Browser(web.test_client())
    thief.log_in(MARKETER)
    assert code_of(thief, code) == 422


def test_a_recovery_code_lets_in_once(
    web: Flask, half: Browser, phone: tuple[Telephone, list[str]]
) -> None:
    code = phone[1][0]
    assert code_of(half, code) == 303
    again = Browser(web.test_client())
    again.log_in(MARKETER)
    assert code_of(again, code) == 422
    assert "9 recovery codes are left" in half.get("/studio/account?lang=en").text


def test_the_first_step_is_worth_ten_minutes_and_nothing_without_its_signature(
    half: Browser, phone: tuple[Telephone, list[str]]
) -> None:
    with half.client.session_transaction(path="/studio/") as kept:
        kept["half_way"] = [kept["half_way"][0], kept["half_way"][1] - 601]
    answer = half.client.get("/studio/login/code")
    assert answer.headers["Location"] == "/studio/login"


def test_a_changed_password_ends_a_login_half_way(
    web: Flask, half: Browser, phone: tuple[Telephone, list[str]]
) -> None:
    with web.app_context():
        staff.change_password(staff.find(MARKETER), "another four good words")
        db.session.commit()
    assert half.client.get("/studio/login/code").status_code == 303


def test_guessed_codes_are_braked_for_the_network_that_guesses(
    web: Flask, half: Browser, phone: tuple[Telephone, list[str]]
) -> None:
    for _ in range(ONE_ACCOUNT.free):
        assert code_of(half, "not it") == 422
    assert code_of(half, phone[0].code()) == 429
    at_home = Browser(web.test_client())
    at_home.client.environ_base["REMOTE_ADDR"] = "198.51.100.9"
    at_home.log_in(MARKETER)
    assert code_of(at_home, phone[0].code()) == 303


def test_guesses_from_many_networks_cost_the_account_a_minute_at_the_most(
    settings: Settings,
) -> None:
    throttle = Throttle(settings)
    waits = [throttle.wait_everywhere("code 2") for _ in range(ACCOUNT_EVERYWHERE.free + 1)]
    assert waits[:-1] == [0] * ACCOUNT_EVERYWHERE.free
    assert 0 < waits[-1] <= ACCOUNT_EVERYWHERE.longest == 60
    assert throttle.wait_everywhere("code 3") == 0


def test_without_a_second_factor_the_password_is_all_that_is_asked(
    browse: Callable[[Role], Browser],
) -> None:
    assert browse(Role.VIEWER).get("/studio/campaigns").status_code == 200


def test_where_it_is_demanded_everything_else_waits_for_it(
    web: Flask, browse: Callable[[Role], Browser]
) -> None:
    browser = browse(Role.VIEWER)
    with web.app_context():
        second_factor.demand(True)
        db.session.commit()
    answer = browser.get("/studio/campaigns")
    assert answer.headers["Location"] == "/studio/account/second-factor"
    assert browser.post("/studio/campaigns/new").status_code == 403  # The role comes first.
    page = browser.get("/studio/account/second-factor?lang=en").text
    assert "An admin asks everybody for a second factor." in page
    browser.post("/studio/account/second-factor/begin")
    key = re.search(
        r'class="key"><code>([A-Z2-7 ]+)<', browser.get(answer.headers["Location"]).text
    )
    assert key
    browser.post("/studio/account/second-factor", {"code": Telephone(key[1]).code()})
    assert browser.get("/studio/campaigns").status_code == 200


def test_removing_it_asks_for_the_password_once_more_and_keeps_what_was_typed(
    web: Flask, browse: Callable[[Role], Browser]
) -> None:
    browser = browse(Role.VIEWER)
    with browser.client.session_transaction(path="/studio/") as kept:
        kept["proved_at"] -= 901
    asked = browser.post("/studio/account/second-factor", {"code": "123 456"})
    assert asked.status_code == 401
    assert '<input type="hidden" name="code" value="123 456">' in asked.text
    wrong = browser.post("/studio/account/second-factor/begin", {"proof_password": "not it"})
    assert wrong.status_code == 422
    right = browser.post("/studio/account/second-factor/begin", {"proof_password": PASSWORD})
    assert right.status_code == 303
    assert browser.post("/studio/account/second-factor/begin").status_code == 303
