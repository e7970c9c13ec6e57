"""The file of a request and disclosures, as an officer meets them."""

from collections.abc import Callable

import pytest
from flask import Flask

from mailing.base.database import db
from mailing.people import subscribers
from mailing.people.canonical import canonical
from mailing.requests.bundles import making, state
from mailing.requests.kinds import Kind
from mailing.requests.requests import NewRequest, open_request
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import World

Browse = Callable[[Role], Browser]
WHO = "aigerim.serikova@example.com"
LIST = "/studio/requests/disclosures"


@pytest.fixture
def request_id(web: Flask, world: World) -> int:
    """An access request of somebody known."""
    with web.app_context():
        person = subscribers.create(canonical(WHO), "en").id
        asked = open_request(NewRequest(Kind.ACCESS, subscriber_id=person, language="en"))
        open_request(NewRequest(Kind.QUESTION, subscriber_id=person))
        db.session.commit()
        return asked.id


def test_it_is_made_looked_at_cut_and_released(web: Flask, browse: Browse, request_id: int) -> None:
    officer, here = browse(Role.OFFICER), f"/studio/requests/{request_id}/bundle"
    assert f'href="{here}?lang=en"' in officer.get(f"/studio/requests/{request_id}?lang=en").text
    assert officer.post(here).status_code == 303
    waiting = officer.get(f"{here}?lang=en").text
    assert "The file waits for a worker." in waiting
    assert 'http-equiv="refresh"' in waiting
    _work(web, request_id)
    page = officer.get(f"{here}?lang=en").text
    assert "is ready, and has not been sent" in page
    assert WHO not in page
    seen = officer.post(f"{here}/look")
    assert WHO in seen.text
    assert seen.headers["Content-Security-Policy"].startswith("sandbox;")
    without = officer.post(f"{here}/cut?lang=en", {"part": f"requests/{request_id}"})
    assert without.status_code == 422
    assert '<a href="#reason">' in without.text
    assert "checked" in without.text
    cut = {"part": f"requests/{request_id}", "reason": "It names a neighbour."}
    assert officer.post(f"{here}/cut", cut).status_code == 303
    _work(web, request_id)
    assert officer.post(f"{here}/release").status_code == 303
    assert "was sent, and has not been downloaded yet" in officer.get(f"{here}?lang=en").text
    assert officer.post(f"{here}/release").status_code == 409
    assert "Link to the file sent" in officer.get(f"/studio/requests/{request_id}?lang=en").text


def _work(web: Flask, request_id: int) -> None:
    with web.app_context():
        making.work_on(state.of_request(request_id)[0].id)


FORM = {
    "basis": "Code, article 1",
    "authority": "Court of Astana",
    "reason": "Letter 7",
    "fields": "email",
    "people": WHO,
}


def test_a_disclosure_is_decided_by_somebody_else_and_taken_along(
    browse: Browse, request_id: int
) -> None:
    officer, admin = browse(Role.OFFICER), browse(Role.ADMIN)
    assert officer.post(LIST, FORM).status_code == 303
    own = officer.get(f"{LIST}?lang=en").text
    assert "You asked for it, so somebody else has to decide it." in own
    assert "Approve" not in own
    approve = _action(admin.get(LIST).text, "approve")
    assert officer.post(approve).status_code == 403
    assert officer.post(approve.replace("approve", "export")).status_code == 403
    assert admin.post(approve).status_code == 303
    sheet = officer.post(approve.replace("approve", "export"))
    assert sheet.mimetype == "text/csv"
    assert WHO in sheet.text
    evidence = {"address": WHO, "reason": "check"}
    page = officer.post("/studio/evidence?lang=en", evidence).text
    assert "data disclosed to an authority" in page
    assert "Court of Astana" in page


@pytest.mark.parametrize("field", sorted(FORM))
def test_what_is_wrong_with_a_disclosure_is_said_and_nothing_typed_is_lost(
    browse: Browse, request_id: int, field: str
) -> None:
    officer = browse(Role.OFFICER)
    answer = officer.post(f"{LIST}?lang=en", {**FORM, field: ""})
    assert answer.status_code == 422
    assert f'<a href="#{field}">' in answer.text
    kept = [value for name, value in FORM.items() if name not in (field, "fields")]
    assert [value for value in kept if value not in answer.text] == []


def _action(page: str, verb: str) -> str:
    """The address that the button of this verb posts to."""
    return next(part.split('"')[0] for part in page.split('action="') if f'/{verb}"' in part)
