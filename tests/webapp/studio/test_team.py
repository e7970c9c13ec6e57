"""The team's pages and one's own login, as an admin and as everybody uses them."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.staff import staff
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import PASSWORD, World

NEW = "another four good words"


@pytest.fixture
def boss(world: World, browse: Callable[[Role], Browser]) -> Browser:
    return browse(Role.ADMIN)


def number_of(web: Flask, role: Role) -> int:
    with web.app_context():
        return staff.find(f"{role}@example.com").id


def test_an_invitation_makes_somebody_who_cannot_log_in_yet_and_a_mail(
    web: Flask, boss: Browser
) -> None:
    form = {"email": "Aigul@example.com", "role": "viewer", "language": "kk"}
    assert boss.post("/studio/staff/invite", form).status_code == 303
    assert "invited" in boss.get("/studio/staff?lang=en").text
    with web.app_context():
        person = staff.find("aigul@example.com")
        assert (person.role, person.password_at) == ("viewer", None)
        mails = db.session.execute(text("SELECT staff_id, language FROM account_mails")).all()
        assert mails == [(person.id, "kk")]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": "nonsense"}, "email"),
        ({"email": "viewer@example.com"}, "email"),
        ({"role": "owner"}, "role"),
        ({"language": "xx"}, "language"),
    ],
)
def test_what_is_wrong_in_an_invitation_stands_beside_its_field_and_nothing_is_lost(
    web: Flask, boss: Browser, wrong: dict[str, str], field: str
) -> None:
    form = {"email": "aigul@example.com", "role": "officer", "language": "ru", **wrong}
    answer = boss.post("/studio/staff/invite", form)
    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text
    assert f'value="{form["email"]}"' in answer.text
    with web.app_context():
        assert len(staff.everybody()) == len(Role)


def test_a_role_changed_here_ends_the_logins_of_that_person(
    web: Flask, boss: Browser, browse: Callable[[Role], Browser]
) -> None:
    viewer = browse(Role.VIEWER)
    person = number_of(web, Role.VIEWER)
    assert boss.post(f"/studio/staff/{person}/role", {"role": "officer"}).status_code == 303
    assert viewer.get("/studio/campaigns").status_code == 303
    with web.app_context():
        assert staff.get(person).role == "officer"


def test_one_neither_raises_nor_closes_oneself(web: Flask, boss: Browser) -> None:
    me = number_of(web, Role.ADMIN)
    page = boss.get(f"/studio/staff/{me}?lang=en").text
    assert "Close the login" not in page
    for act, form in (("role", {"role": "viewer"}), ("close", {}), ("remove-second-factor", {})):
        answer = boss.post(f"/studio/staff/{me}/{act}?lang=en", form)
        assert answer.status_code == 409
        assert "Nobody changes their own role or login" in answer.text
    assert boss.get("/studio/staff").status_code == 200


def test_a_closed_login_is_over_and_can_be_opened_again(
    web: Flask, boss: Browser, browse: Callable[[Role], Browser]
) -> None:
    viewer, person = browse(Role.VIEWER), number_of(web, Role.VIEWER)
    boss.post(f"/studio/staff/{person}/close")
    assert viewer.get("/studio/campaigns").status_code == 303
    assert viewer.log_in("viewer@example.com").status_code == 422
    boss.post(f"/studio/staff/{person}/open")
    assert viewer.log_in("viewer@example.com").status_code == 303


def test_everybody_sees_the_table_that_the_routes_ask(browse: Callable[[Role], Browser]) -> None:
    page = browse(Role.VIEWER).get("/studio/roles?lang=ru").text
    assert "приглашать сотрудников, менять роли, закрывать входы" in page


def test_ones_own_password_is_changed_with_the_old_one_and_ends_the_other_logins(
    browse: Callable[[Role], Browser],
) -> None:
    other, own = browse(Role.MARKETER), browse(Role.MARKETER)
    form = {"old": "not it, not it", "password": NEW, "again": NEW}
    assert own.post("/studio/account/password", form).status_code == 422
    assert own.post("/studio/account/password", {**form, "old": PASSWORD}).status_code == 303
    assert own.get("/studio/account").status_code == 200
    assert other.get("/studio/account").status_code == 303
    assert other.log_in("marketer@example.com").status_code == 422
    assert other.log_in("marketer@example.com", NEW).status_code == 303


def test_logging_out_everywhere_ends_every_login_and_this_one(
    browse: Callable[[Role], Browser],
) -> None:
    other, own = browse(Role.MARKETER), browse(Role.MARKETER)
    assert own.post("/studio/account/log-out-everywhere").status_code == 303
    assert own.get("/studio/account").status_code == 303
    assert other.get("/studio/account").status_code == 303


def test_a_browser_that_kept_its_old_cookie_is_not_let_in_again(
    web: Flask, browse: Callable[[Role], Browser]
) -> None:
    """A copy of the cookie, taken before, is worth nothing once the logins have ended."""
    own = browse(Role.MARKETER)
    cookie = own.client.get_cookie("kelisim_studio", path="/studio")
    assert cookie
    own.post("/studio/account/log-out-everywhere")
    thief = web.test_client()
    thief.set_cookie("kelisim_studio", cookie.value, path="/studio")
    assert thief.get("/studio/campaigns").status_code == 303


def test_a_number_that_no_row_can_have_is_missing(boss: Browser) -> None:
    assert boss.get(f"/studio/staff/{10**25}").status_code == 404
    assert boss.post(f"/studio/staff/{10**25}/close").status_code == 404
    assert boss.get(f"/studio/audit?before={10**25}").status_code == 200
