"""One member of the team, and what an admin does to their login."""

from collections.abc import Callable

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid, NotAllowed
from mailing.base.languages import gettext, spoken
from mailing.deliveries import account_mails
from mailing.staff import second_factor, staff, team
from mailing.staff.permissions import Act
from mailing.staff.staff import Role, Staff
from webapp.studio.blueprint import fresh, needs, studio
from webapp.studio.identity import actor


@studio.get("/staff/<int:staff_id>")
@needs(Act.MANAGE_STAFF)
def staff_member(staff_id: int) -> str:
    return _page(staff.get(staff_id))


@studio.post("/staff/<int:staff_id>/role")
@needs(Act.MANAGE_STAFF)
@fresh
def staff_role(staff_id: int) -> ResponseReturnValue:
    return _done(staff_id, lambda person: team.change_role(person, _role(), actor()))


@studio.post("/staff/<int:staff_id>/close")
@needs(Act.MANAGE_STAFF)
@fresh
def staff_close(staff_id: int) -> ResponseReturnValue:
    return _done(staff_id, lambda person: team.close(person, actor()))


@studio.post("/staff/<int:staff_id>/open")
@needs(Act.MANAGE_STAFF)
@fresh
def staff_open(staff_id: int) -> ResponseReturnValue:
    return _done(staff_id, lambda person: team.reopen(person, actor()))


@studio.post("/staff/<int:staff_id>/log-out")
@needs(Act.MANAGE_STAFF)
@fresh
def staff_log_out(staff_id: int) -> ResponseReturnValue:
    return _done(staff_id, lambda person: team.end_logins(person, actor()))


@studio.post("/staff/<int:staff_id>/remove-second-factor")
@needs(Act.MANAGE_STAFF)
@fresh
def staff_remove_second(staff_id: int) -> ResponseReturnValue:
    return _done(staff_id, lambda person: team.remove_second_factor(person, actor()))


@studio.post("/staff/<int:staff_id>/invite")
@needs(Act.MANAGE_STAFF)
@fresh
def staff_invite_again(staff_id: int) -> ResponseReturnValue:
    return _done(staff_id, lambda person: account_mails.invite_again(person, spoken(), actor()))


def _done(staff_id: int, act: Callable[[Staff], None]) -> ResponseReturnValue:
    """Do it to the locked row; where the team's rules say no, the page says why."""
    person = staff.lock(staff_id)
    try:
        act(person)
    except NotAllowed:
        return _refused(
            staff_id, gettext("Nobody changes their own role or login; ask another admin.")
        )
    except Conflict:
        last = gettext("This is the last admin who can log in. Make somebody else an admin first.")
        return _refused(staff_id, last)
    db.session.commit()
    flash(gettext("Saved."), "done")
    return redirect(url_for("studio.staff_member", staff_id=staff_id), 303)


def _role() -> Role:
    wanted = request.form.get("role", "")
    if wanted not in set(Role):
        raise Invalid(gettext("Choose a role."), "role")
    return Role(wanted)


def _refused(staff_id: int, sentence: str) -> ResponseReturnValue:
    db.session.rollback()
    return _page(staff.get(staff_id), sentence), 409


def _page(person: Staff, problem: str | None = None) -> str:
    return render_template(
        "pages/studio/staff_member.html",
        person=person,
        problem=problem,
        roles=list(Role),
        has_second=second_factor.is_on(person),
        last_mail=account_mails.last_of(person),
    )
