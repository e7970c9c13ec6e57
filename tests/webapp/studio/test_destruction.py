"""Destruction in the studio: what is shown before, who may do what, the typed number, the paper."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from mailing.base import clock
from mailing.base.database import db
from mailing.people import subscribers
from mailing.people.canonical import canonical
from mailing.people.subscribers import Subscriber
from mailing.requests import certificates, verifying
from mailing.requests.requests import Request, find
from mailing.staff.staff import Role
from tests.requests.destroying import MORNING, at, withdrawn
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import World

Browse = Callable[[Role], Browser]
ADDRESS = "person3@example.com"


@pytest.fixture
def asked(web: Flask, world: World) -> Request:
    """A withdrawal, and the request that follows from it."""
    with web.app_context():
        person = subscribers.find(canonical(ADDRESS))
        assert person is not None
        number = withdrawn(person.id).id
        db.session.expunge_all()
        found = find(number)
        db.session.expunge(found)
        return found


def _page(browser: Browser, request: Request, path: str = "") -> str:
    return browser.get(f"/studio/requests/{request.id}/destruction{path}?lang=en").text


def _do(browser: Browser, request: Request, act: str, **form: str) -> int:
    return browser.post(f"/studio/requests/{request.id}/destruction/{act}", form).status_code


def test_an_officers_way_from_the_request_to_the_certificate(
    web: Flask, browse: Browse, asked: Request
) -> None:
    """Two may decide here (admin and officer): one decides, the other approves, nobody slips."""
    officer, admin = browse(Role.OFFICER), browse(Role.ADMIN)
    assert (
        f"/studio/requests/{asked.id}/destruction"
        in officer.get(f"/studio/requests/{asked.id}").text
    )
    with at(MORNING):
        page = _page(officer, asked)
        assert "Address, names, telephone" in page
        assert "A keyed digest of the address" in page
        assert ADDRESS not in page
        assert _do(officer, asked, "approve") == 303
        assert "A second person has to approve." in _page(officer, asked)
        assert _do(officer, asked, "approve") == 403
        assert _do(officer, asked, "carry-out", number=asked.number) == 403
        assert _do(admin, asked, "approve") == 303
        assert "It cools off until" in _page(admin, asked)
        assert _do(admin, asked, "carry-out", number=asked.number) == 403
    with at(MORNING, timedelta(hours=4)):
        assert _do(admin, asked, "carry-out", number="2026-9999") == 422
        done = admin.post(
            f"/studio/requests/{asked.id}/destruction/carry-out", {"number": asked.number}
        )
    assert done.status_code == 303
    _read_certificate(web, admin, done.location)
    assert "The data are destroyed." in _page(officer, asked)


def _read_certificate(web: Flask, browser: Browser, location: str) -> None:
    paper = browser.get(f"{location}?lang=en").text
    assert "Signature, chain and ledger hold." in paper
    number = location.rpartition("/")[2]
    taken = browser.get(f"{location}/file")
    with web.app_context():
        assert verifying.shown(number, taken.text).is_sound
    everybody = web.test_client().get(f"/verify/{number}?lang=en")
    assert "This certificate is ours, and unchanged" in everybody.text
    assert re.search(r"[0-9a-f]{64}", everybody.text)
    told = web.test_client().get(f"/verify/{number}", headers={"Accept": "application/json"})
    assert told.json is not None
    assert (told.json["number"], told.json["sound"]) == (number, True)


def test_the_cooling_off_is_cut_short_with_a_reason_and_can_be_called_off(
    web: Flask, browse: Browse, asked: Request
) -> None:
    officer, admin = browse(Role.OFFICER), browse(Role.ADMIN)
    with at(MORNING):
        _do(officer, asked, "approve")
        _do(admin, asked, "approve")
        assert _do(officer, asked, "expedite", reason=f"by {ADDRESS}") == 422
        refused = officer.post(
            f"/studio/requests/{asked.id}/destruction/expedite?lang=en", {"reason": "x@y"}
        ).text
        assert "Leave out who it is" in refused
        assert 'value="x@y"' in refused, "what was typed is kept"
        assert _do(officer, asked, "expedite", reason="asked for it twice") == 303
        assert "It can be carried out now." in _page(officer, asked)
        assert _do(officer, asked, "call-off") == 303
        assert "Nothing is decided yet." in _page(officer, asked)


def test_a_legal_hold_takes_the_buttons_away_until_it_is_lifted(
    web: Flask, browse: Browse, asked: Request
) -> None:
    officer = browse(Role.OFFICER)
    assert _do(officer, asked, "hold", basis="Case 7/2026", until="not a day") == 422
    assert _do(officer, asked, "hold", basis="Case 7/2026", until="2999-01-01") == 303
    page = _page(officer, asked)
    assert "Case 7/2026" in page
    assert "Decide that these data are destroyed" not in page
    hold = re.search(r'name="hold" value="(\d+)"', page)
    assert hold is not None
    assert _do(officer, asked, "lift", hold=hold[1]) == 303
    assert "Decide that these data are destroyed" in _page(officer, asked)


def test_looking_changes_nothing(web: Flask, browse: Browse, asked: Request) -> None:
    officer = browse(Role.OFFICER)
    _page(officer, asked)
    assert "Nothing goes next Sunday." in officer.get("/studio/retention?lang=en").text
    with web.app_context():
        assert certificates.newest() is None
        assert db.session.query(Subscriber).filter_by(personal=None).count() == 0
        assert clock.now()


def test_a_certificate_that_was_changed_is_said_to_be_broken_to_everybody(
    web: Flask, browse: Browse, asked: Request
) -> None:
    officer, admin = browse(Role.OFFICER), browse(Role.ADMIN)
    _do(officer, asked, "approve")
    _do(admin, asked, "approve")
    _do(admin, asked, "expedite", reason="in a hurry")
    done = admin.post(
        f"/studio/requests/{asked.id}/destruction/carry-out", {"number": asked.number}
    )
    with web.app_context():
        db.session.execute(db.text("ALTER TABLE certificates DISABLE TRIGGER USER"))
        db.session.execute(db.text("UPDATE certificates SET body = replace(body, '0', '1')"))
        db.session.commit()
    assert "This certificate is not sound" in admin.get(f"{done.location}?lang=en").text
    public = web.test_client().get(f"/verify/{done.location.rpartition('/')[2]}?lang=en")
    assert "This certificate is not sound" in public.text
