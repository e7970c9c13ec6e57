"""Passkeys on the pages: asked for by the form's own token, answered once, braked like codes."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.staff import audit, passkeys, second_factor, staff
from mailing.staff.staff import Role
from tests.staff.device import Device
from tests.webapp.conftest import With
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import PASSWORD
from webapp.studio.throttle import ONE_ACCOUNT

MARKETER = "marketer@example.com"
ORIGIN = "http://localhost"
ADDING = "/studio/account/passkeys"
ASKING = "/studio/login/code/passkey"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The studio where browsers allow passkeys."""
    return settings.model_copy(update={"public_url": ORIGIN})


@pytest.fixture
def device() -> Device:
    return Device(ORIGIN)


def add(browser: Browser, device: Device, name: str = "Phone") -> TestResponse:
    asked = browser.post(f"{ADDING}/begin", {"name": name}).get_json()
    return browser.post(f"{ADDING}?lang=en", {"name": name, "answer": device.make(asked)})


def half(web: Flask, **more: Any) -> Browser:
    """A browser that has given the marketer's password and owes the rest."""
    browser = Browser(web.test_client())
    assert browser.log_in(MARKETER, **more).headers["Location"].startswith("/studio/login/code")
    return browser


def token_of(browser: Browser) -> str:
    page = browser.get("/studio/login/code").text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def asked(browser: Browser) -> TestResponse:
    return browser.client.post(f"{ASKING}/begin", data={"csrf_token": token_of(browser)})


def answered(browser: Browser, answer: str, **more: Any) -> TestResponse:
    form = {"csrf_token": token_of(browser), "answer": answer, **more}
    return browser.client.post(f"{ASKING}?lang=en", data=form)


@pytest.fixture
def own(browse: Callable[[Role], Browser], device: Device) -> Browser:
    """The marketer, who has added a passkey on the pages."""
    browser = browse(Role.MARKETER)
    assert add(browser, device).status_code == 200
    return browser


def test_the_first_shows_recovery_codes_keeps_this_login_and_ends_the_others(
    browse: Callable[[Role], Browser], device: Device
) -> None:
    other, own = browse(Role.VIEWER), browse(Role.VIEWER)
    shown = add(own, device)
    assert len(re.findall(r"<li><code>[a-z2-7-]+</code>", shown.text)) == 10
    page = own.get("/studio/account?lang=en").text
    assert ">Phone<" in page
    assert "10 recovery codes are left" in page
    assert other.get("/studio/account").status_code == 303
    assert add(own, Device(ORIGIN), "Key").headers["Location"] == "/studio/account?lang=en"


def test_it_lets_in_after_the_password_and_leads_on_to_what_was_asked_for(
    web: Flask, own: Browser, device: Device
) -> None:
    browser = half(web, next="/studio/topics")
    page = browser.get("/studio/login/code?lang=en").text
    assert "Use your passkey" in page
    assert "One of your recovery codes" in page
    assert "Six digits" not in page
    answer = device.sign(asked(browser).get_json())
    entered = answered(browser, answer, next="/studio/topics")
    assert entered.headers["Location"] == "/studio/topics"
    assert browser.get("/studio/topics").status_code == 200
    with web.app_context():
        newest = audit.latest(1)[0]
        number = passkeys.of(staff.find(MARKETER))[0].id
        assert newest.action == "log in"
        assert newest.details == {"second": "passkey", "passkey": number}


def test_an_answer_to_another_browser_opens_nothing(
    web: Flask, own: Browser, device: Device
) -> None:
    victim, thief = half(web), half(web)
    answer = device.sign(asked(victim).get_json())
    asked(thief)
    assert answered(thief, answer).status_code == 422
    assert thief.get("/studio/topics").status_code == 303
    assert answered(victim, answer).status_code == 303


def test_a_kept_cookie_with_its_answer_opens_once(web: Flask, own: Browser, device: Device) -> None:
    """What the cookie says can be said again; the challenge is gone all the same."""
    browser = half(web)
    answer = device.sign(asked(browser).get_json())
    with browser.client.session_transaction(path="/studio/") as kept:
        before = dict(kept)
    assert answered(browser, answer).status_code == 303
    again = half(web)
    with again.client.session_transaction(path="/studio/") as kept:
        kept["challenge"] = before["challenge"]
    refused = answered(again, answer)
    assert refused.status_code == 422
    assert "It took too long, or this was answered already" in refused.text


def test_without_the_password_nothing_is_asked_of_any_passkey(
    web: Flask, own: Browser, device: Device
) -> None:
    stranger = Browser(web.test_client())
    form = {"csrf_token": stranger.token()}
    refused = stranger.client.post(f"{ASKING}/begin?lang=en", data=form)
    assert (refused.status_code, list(refused.get_json())) == (401, ["problem"])
    assert stranger.client.post(ASKING, data=form).headers["Location"].startswith("/studio/login")


def test_a_post_without_the_forms_token_asks_nothing(web: Flask, own: Browser) -> None:
    browser = half(web)
    for path in (f"{ASKING}/begin", ASKING):
        assert browser.client.post(path, json={}).status_code == 400
        assert browser.client.post(path, data={"csrf_token": "made up"}).status_code == 400
    assert own.client.post(f"{ADDING}/begin", json={"name": "Key"}).status_code == 400


def test_asking_is_braked_for_the_network_that_asks(
    web: Flask, own: Browser, device: Device
) -> None:
    browser = half(web)
    for _ in range(ONE_ACCOUNT.free):
        assert asked(browser).status_code == 200
    braked = asked(browser)
    assert braked.status_code == 429
    assert braked.headers["Retry-After"]
    assert braked.get_json()["problem"]
    at_home = Browser(web.test_client())
    at_home.client.environ_base["REMOTE_ADDR"] = "198.51.100.9"
    at_home.log_in(MARKETER)
    assert answered(at_home, device.sign(asked(at_home).get_json())).status_code == 303


def test_a_counter_that_went_back_is_told_and_stands_in_the_log(
    web: Flask, own: Browser, device: Device
) -> None:
    browser = half(web)
    assert answered(browser, device.sign(asked(browser).get_json(), count=7)).status_code == 303
    copied = half(web)
    refused = answered(copied, device.sign(asked(copied).get_json(), count=3))
    assert refused.status_code == 422
    assert "may have been copied" in refused.text
    assert '<a href="#passkey">' in refused.text
    with web.app_context():
        assert audit.latest(1)[0].action == "passkey counter went back"


def test_where_a_second_factor_is_demanded_a_passkey_is_one(
    web: Flask, browse: Callable[[Role], Browser], device: Device
) -> None:
    browser = browse(Role.VIEWER)
    with web.app_context():
        second_factor.demand(True)
        db.session.commit()
    page = browser.get(browser.get("/studio/campaigns").headers["Location"] + "?lang=en").text
    assert "Or a passkey" in page
    assert add(browser, device).status_code == 200
    assert browser.get("/studio/campaigns").status_code == 200


def test_adding_and_removing_ask_for_the_password_where_it_was_given_long_ago(
    web: Flask, own: Browser
) -> None:
    def grow_old() -> None:
        with own.client.session_transaction(path="/studio/") as kept:
            kept["proved_at"] -= 901

    grow_old()
    assert own.post(f"{ADDING}/begin", {"name": "Key"}).status_code == 401
    asked_again = own.post(f"{ADDING}/new", {"name": "Key", "answer": ""})
    assert asked_again.status_code == 401
    form = {"name": "Key", "proof_password": PASSWORD}
    assert 'value="Key"' in own.post(f"{ADDING}/new", form).text
    assert own.post(f"{ADDING}/begin", {"name": "Key"}).status_code == 200
    grow_old()
    with web.app_context():
        number = passkeys.of(staff.find(MARKETER))[0].id
    assert own.post(f"{ADDING}/{number}/remove").status_code == 401
    assert own.post(f"{ADDING}/{number}/rename", {"name": "Old phone"}).status_code == 303


def test_without_script_the_page_says_what_else_there_is(own: Browser) -> None:
    refused = own.post(f"{ADDING}?lang=en", {"name": "Key", "answer": ""})
    assert refused.status_code == 422
    assert "It has to run script for that" in refused.text
    assert 'value="Key"' in refused.text


def test_what_was_not_made_for_us_is_told_and_the_name_stays(own: Browser, device: Device) -> None:
    begun = own.post(f"{ADDING}/begin", {"name": "Key"}).get_json()
    foreign = Device("http://evil.test").make(begun)
    refused = own.post(f"{ADDING}?lang=en", {"name": "Key", "answer": foreign})
    assert refused.status_code == 422
    assert "not to what was asked here" in refused.text
    assert 'value="Key"' in refused.text
    assert "registered here already" in add(own, device, "Again").text


def test_renaming_refuses_no_name_beside_its_field(web: Flask, own: Browser) -> None:
    with web.app_context():
        number = passkeys.of(staff.find(MARKETER))[0].id
    refused = own.post(f"{ADDING}/{number}/rename?lang=en", {"name": " "})
    assert refused.status_code == 422
    assert f'id="passkey-{number}-wrong">Give it a name of 1 to 60 characters.' in refused.text
    assert "<details open>" in refused.text
    assert own.post(f"{ADDING}/{number}/rename", {"name": "Old <phone>"}).status_code == 303
    assert "Old &lt;phone&gt;" in own.get("/studio/account").text


def test_the_last_that_goes_leaves_the_password_alone_and_says_so(web: Flask, own: Browser) -> None:
    other = Device(ORIGIN)
    add(own, other, "Key")
    with web.app_context():
        first, second = (one.id for one in passkeys.of(staff.find(MARKETER)))
    own.post(f"{ADDING}/{first}/remove?lang=en")
    assert "lets nobody in any more" in own.get("/studio/account?lang=en").text
    browser = half(web)
    assert answered(browser, other.sign(asked(browser).get_json())).status_code == 303
    own.post(f"{ADDING}/{second}/remove?lang=en")
    assert browser.get("/studio/account").status_code == 303
    assert "your password alone lets you in now" in own.get("/studio/account?lang=en").text
    alone = Browser(web.test_client()).log_in(MARKETER)
    assert alone.headers["Location"] == "/studio/"


def test_anothers_passkey_is_not_there(own: Browser, browse: Callable[[Role], Browser]) -> None:
    admin = browse(Role.ADMIN)
    for act in ("rename", "remove"):
        assert admin.post(f"{ADDING}/1/{act}", {"name": "Mine"}).status_code == 404
        assert admin.post(f"{ADDING}/{2**70}/{act}", {"name": "Mine"}).status_code == 404


def test_at_an_address_without_a_name_the_pages_offer_the_app_alone(
    crew: None, with_settings: With
) -> None:
    browser = Browser(with_settings(public_url="http://127.0.0.1:8080"))
    browser.log_in(MARKETER)
    for path in ("/studio/account", f"{ADDING}/new"):
        page = browser.get(f"{path}?lang=en").text
        assert "Passkeys need the studio at an https address with a name" in page
        assert "passkey.js" not in page
    assert "Or a passkey" not in browser.get("/studio/account/second-factor?lang=en").text
    refused = browser.post(f"{ADDING}/begin?lang=en", {"name": "Key"})
    assert refused.status_code == 422
    assert "Browsers allow no passkeys at this address" in refused.get_json()["problem"]
