"""The team, for admins: who may log in, under which role, and since when."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.base.languages import LANGUAGES, gettext, spoken
from mailing.deliveries import account_mails
from mailing.staff import second_factor, staff, team
from mailing.staff.permissions import Act
from mailing.staff.staff import Role
from webapp.studio.blueprint import fresh, needs, studio
from webapp.studio.identity import actor


@studio.get("/staff")
@needs(Act.READ_STAFF)
def staff_list() -> str:
    return render_template(
        "pages/studio/staff.html",
        everybody=staff.everybody(),
        has_second=second_factor.is_on,
        is_demanded=second_factor.is_demanded(),
    )


@studio.get("/staff/invite")
@needs(Act.MANAGE_STAFF)
def staff_invite() -> str:
    return _invite({}, {})


@studio.post("/staff/invite")
@needs(Act.MANAGE_STAFF)
@fresh
def staff_invite_send() -> ResponseReturnValue:
    typed = {name: request.form.get(name, "").strip() for name in ("email", "role", "language")}
    errors = _wrong(typed)
    if not errors:
        errors = _invited(typed)
    if errors:
        db.session.rollback()
        return _invite(typed, errors), 422
    db.session.commit()
    flash(gettext("The invitation is on its way; its link works for 72 hours."), "done")
    return redirect(url_for("studio.staff_list"), 303)


@studio.post("/staff/second-factor")
@needs(Act.MANAGE_STAFF)
@fresh
def staff_demand_second() -> ResponseReturnValue:
    team.demand_second_factor(request.form.get("demanded") == "yes", actor())
    db.session.commit()
    flash(gettext("Saved."), "done")
    return redirect(url_for("studio.staff_list"), 303)


def _wrong(typed: dict[str, str]) -> dict[str, str]:
    errors = {}
    if typed["role"] not in set(Role):
        errors["role"] = gettext("Choose a role.")
    if typed["language"] not in LANGUAGES:
        errors["language"] = gettext("Choose the language of the invitation.")
    return errors


def _invited(typed: dict[str, str]) -> dict[str, str]:
    try:
        account_mails.invite(typed["email"], Role(typed["role"]), typed["language"], actor())
    except Invalid:
        return {"email": gettext("Enter an address like name@example.kz.")}
    except Conflict:
        return {"email": gettext("Somebody with this address is on the team already.")}
    return {}


def _invite(typed: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "pages/studio/staff_invite.html",
        typed={"language": spoken(), **typed},
        errors=errors,
        roles=list(Role),
        languages=LANGUAGES,
    )
