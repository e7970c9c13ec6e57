"""Every route under every role, taken from the route map, so that a new route is swept too."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.campaigns import segments, sentences
from mailing.people import subscribers
from mailing.people.canonical import canonical
from mailing.people.imports import uploads
from mailing.requests import incidents
from mailing.staff import staff
from mailing.staff.permissions import PERMISSIONS
from mailing.staff.staff import Role
from tests.requests.desk import asked
from tests.requests.destroying import destroyed
from tests.requests.disclosed import wanted
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.test_returns import a_storm
from tests.webapp.studio.world import MARKETER, PASSWORD, World
from webapp.studio import blueprint
from webapp.studio.blueprint import act_of, is_open, wants_proof

Route = tuple[str, str, str]


@pytest.fixture
def routes(web: Flask, world: World) -> list[Route]:
    """Method, address and endpoint of each route, the numbers of real things filled in."""
    return list(_routes(web, world))


def _routes(web: Flask, world: World) -> Iterator[Route]:
    things: dict[str, Any] = {
        "campaign_id": world.campaign_id,
        "policy_id": world.policy_id,
        "reason": "unsubscribed",
        "form_slug": "site",
        "topic_slug": "offers",
        "import_id": _uploaded(web),
        "request_id": _requested(web),
        "storm_id": a_storm(web),
        "incident_id": _an_incident(web),
        "name": "processing",
        "staff_id": _colleague(web),
        "token": "not-a-token",
        "segment_id": _a_segment(web),
        "outcome": "held",
        "number": 1,
        "inbound_id": 1,
        "certificate": _certified(web),
        "disclosure_id": _a_disclosure(web),
        "subscriber_id": _a_person(web),
        "passkey_id": 1,
    }
    for rule in web.url_map.iter_rules():
        if rule.endpoint.startswith("studio."):
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                with web.test_request_context():
                    filled = {name: things[name] for name in rule.arguments}
                    yield method, web.url_for(rule.endpoint, **filled), rule.endpoint


def _uploaded(web: Flask) -> int:
    with web.app_context():
        part = uploads.receive(web.extensions["kelisim"])
        part.write(b"email\nalma@example.com\n")
        number = uploads.keep(part, "offers", MARKETER).id
        db.session.commit()
    return number


def _colleague(web: Flask) -> int:
    with web.app_context():
        number = staff.add("colleague@example.com", Role.VIEWER, PASSWORD).id
        db.session.commit()
    return number


def _a_segment(web: Flask) -> int:
    with web.app_context():
        said = {"about": "language", "how": "one_of", "values": ["kk"]}
        made = segments.save("Қазақша", sentences.read({"sentences": [said]}), MARKETER)
        db.session.commit()
        return made.id


def _certified(web: Flask) -> str:
    with web.app_context():
        person = subscribers.find(canonical("person7@example.com"))
        assert person is not None
        return destroyed(person.id).number


def _an_incident(web: Flask) -> int:
    with web.app_context():
        new = incidents.NewIncident("A laptop was stolen", incidents.Nature.LOST, "Encrypted.")
        made = incidents.record(new, MARKETER)
        db.session.commit()
        return made.id


def _a_disclosure(web: Flask) -> UUID:
    """One that waits, which somebody else has asked for."""
    with web.app_context():
        number = wanted("alma@example.com").id
        db.session.commit()
        return number


def _a_person(web: Flask) -> UUID:
    with web.app_context():
        person = subscribers.find(canonical("person0@example.com"))
        assert person is not None
        return person.id


def _requested(web: Flask) -> int:
    with web.app_context():
        return asked().id


def test_a_wrong_address_shows_staff_the_way_back_and_strangers_nothing(
    web: Flask, browse: Callable[[Role], Browser]
) -> None:
    answer = browse(Role.VIEWER).get("/studio/nothing?lang=en")
    assert answer.status_code == 404
    assert "Go to the campaigns" in answer.text
    assert '<a href="?lang=ru"' in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    stranger = web.test_client().get("/studio/nothing?lang=en")
    assert stranger.status_code == 404
    assert "/studio/campaigns" not in stranger.text


def _ask(browser: Browser, method: str, address: str) -> int:
    answer = browser.get(address) if method == "GET" else browser.post(address, {"expect": 9})
    return answer.status_code


# What ends the login that it is asked with.
ENDS_THE_LOGIN = "/studio/account/log-out-everywhere"
# Whoever has had a hand in a campaign may not approve it, whatever their role: it comes first.
APPROVES = "/studio/campaigns/1/approve"


def test_every_route_names_what_it_needs_or_is_open(routes: list[Route]) -> None:
    assert len(routes) > 20
    assert [route for route in routes if not act_of(route[2]) and not is_open(route[2])] == []
    assert {route[2] for route in routes if is_open(route[2])} == {
        "studio.login",
        "studio.login_try",
        "studio.logout",
        "studio.login_second",
        "studio.login_second_try",
        "studio.login_passkey",
        "studio.login_passkey_begin",
        "studio.password_lost",
        "studio.password_lost_ask",
        "studio.password_link",
        "studio.password_link_use",
    }


def test_a_stranger_gets_nothing_but_the_way_to_the_login(web: Flask, routes: list[Route]) -> None:
    stranger = Browser(web.test_client())
    for method, address, endpoint in routes:
        if not is_open(endpoint):
            if method == "POST":
                assert stranger.post(address).status_code == 401, address
                continue
            assert stranger.get(address).headers["Location"].startswith("/studio/login"), address


@pytest.mark.parametrize("role", list(Role))
def test_each_role_is_refused_exactly_what_it_may_not_do(
    browse: Callable[[Role], Browser], routes: list[Route], role: Role
) -> None:
    browser = browse(role)
    order = {ENDS_THE_LOGIN: 1, APPROVES: -1}
    for method, address, endpoint in sorted(routes, key=lambda one: order.get(one[1], 0)):
        if not is_open(endpoint):
            act = act_of(endpoint)
            assert act
            refused = _ask(browser, method, address) == 403
            assert refused == (role not in PERMISSIONS[act]), (method, address)


def test_no_post_without_the_forms_token_changes_anything(
    web: Flask, browse: Callable[[Role], Browser], routes: list[Route]
) -> None:
    browser = browse(Role.ADMIN)
    before = _fingerprint(web)
    for method, address, _ in routes:
        if method == "POST":
            assert browser.client.post(address).status_code == 400, address
            wrong = browser.client.post(address, data={"csrf_token": "made up"})
            assert wrong.status_code == 400, address
    assert _fingerprint(web) == before


def test_the_token_of_another_login_is_refused(browse: Callable[[Role], Browser]) -> None:
    own, others = browse(Role.ADMIN), browse(Role.MARKETER)
    stolen = {"csrf_token": others.token(), "topic": "offers"}
    assert own.client.post("/studio/campaigns/new", data=stolen).status_code == 400


def test_looking_at_every_page_changes_nothing_but_the_log(
    web: Flask, browse: Callable[[Role], Browser], routes: list[Route]
) -> None:
    browser = browse(Role.ADMIN)
    before = _fingerprint(web)
    for method, address, _ in routes:
        if method == "GET" and not address.endswith("/not-a-token"):
            assert _ask(browser, method, address) in {200, 303}, address
    assert _fingerprint(web) == before


def test_pages_of_things_that_are_not_there_are_missing(
    browse: Callable[[Role], Browser], routes: list[Route]
) -> None:
    browser = browse(Role.ADMIN)
    for method, address, endpoint in routes:
        if "<int:" in _rule(browser, endpoint):
            foreign = re.sub(r"/\d+", "/987654", address, count=1)
            assert _ask(browser, method, foreign) == 404, (method, foreign)


def test_a_view_that_names_no_act_answers_nobody(
    web: Flask, browse: Callable[[Role], Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = browse(Role.ADMIN)
    monkeypatch.delitem(blueprint._acts, "studio.staff_list")
    assert browser.get("/studio/staff").status_code == 403


def test_a_page_hides_what_the_role_cannot_do(
    browse: Callable[[Role], Browser], world: World
) -> None:
    viewer, marketer = browse(Role.VIEWER), browse(Role.MARKETER)
    ready = f"/studio/campaigns/{world.campaign_id}/ready?lang=en"
    assert "Send to 9 people" in marketer.get(ready).text
    assert "Send to 9 people" not in viewer.get(ready).text
    assert "/studio/staff" not in marketer.get(ready).text
    assert "/studio/audit" not in viewer.get(ready).text


def test_every_page_forbids_scripts_of_others_caching_and_framing(
    browse: Callable[[Role], Browser], routes: list[Route]
) -> None:
    browser = browse(Role.ADMIN)
    for method, address, _ in routes:
        if method == "GET":
            headers = browser.get(address).headers
            assert "unsafe-inline" not in headers["Content-Security-Policy"].replace(
                "style-src 'unsafe-inline'", "" if address.endswith("/frame") else "style-src"
            )
            assert headers["Cache-Control"] == "no-store"
            assert "noindex" in headers["X-Robots-Tag"]


def test_no_page_holds_inline_script_or_style(
    browse: Callable[[Role], Browser], routes: list[Route]
) -> None:
    browser = browse(Role.ADMIN)
    for method, address, _ in routes:
        if method == "GET" and not address.endswith("/frame"):
            page = browser.get(address).text
            assert " style=" not in page, address
            assert "<style" not in page, address
            assert " onclick=" not in page, address
            assert "<script>" not in page, address


def _rule(browser: Browser, endpoint: str) -> str:
    return next(
        rule.rule
        for rule in browser.client.application.url_map.iter_rules()
        if rule.endpoint == endpoint
    )


def _fingerprint(web: Flask) -> list[object]:
    """Everything that a request could have changed, the audit log excepted."""
    tables = (
        "campaigns",
        "campaign_bodies",
        "policy_versions",
        "staff",
        "installation",
        "account_mails",
        "deliveries",
        "ledger",
        "imports",
        "segments",
        "approvals",
        "link_checks",
        "spam_checks",
        "nods",
        "requests",
        "request_rights",
        "inquiries",
        "incidents",
    )
    with web.app_context():
        return [
            db.session.scalar(
                text(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t")  # noqa: S608
            )
            for table in tables
        ]


def test_what_asks_for_the_password_once_more_is_a_post_of_somebody_logged_in(
    routes: list[Route],
) -> None:
    dangerous = [route for route in routes if wants_proof(route[2])]
    assert len(dangerous) > 10
    assert [route for route in dangerous if route[0] != "POST" or is_open(route[2])] == []


def test_a_login_left_open_does_nothing_dangerous_without_the_password(
    web: Flask, browse: Callable[[Role], Browser], routes: list[Route]
) -> None:
    browser = browse(Role.ADMIN)
    with browser.client.session_transaction(path="/studio/") as kept:
        kept["proved_at"] -= 15 * 60 + 1
    before = _fingerprint(web)
    for method, address, endpoint in routes:
        if wants_proof(endpoint):
            assert _ask(browser, method, address) == 401, address
    assert _fingerprint(web) == before
