"""One's own login: second factor, password, where one is logged in."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.languages import gettext
from mailing.requests import digest
from mailing.staff import audit, passkeys, relying, second_factor, staff
from mailing.staff.permissions import PERMISSIONS, Act
from mailing.staff.staff import Role
from webapp.studio.blueprint import needs, studio, while_setting_up
from webapp.studio.identity import actor, log_in, log_out, me
from webapp.studio.new_password import chosen
from webapp.studio.proof import account_of
from webapp.studio.throttle import brakes, wait_sentence


@studio.get("/account")
@needs(Act.OWN_LOGIN)
@while_setting_up
def account() -> str:
    return account_page({})


@studio.post("/account/password")
@needs(Act.OWN_LOGIN)
@while_setting_up
def account_password() -> ResponseReturnValue:
    """A new password, for whoever knows the old one; every other login ends."""
    person = me()
    if wait := brakes().wait_seconds(request.remote_addr, account_of(person)):
        return account_page({"old": wait_sentence(wait)}), 429, {"Retry-After": str(wait)}
    password, errors = chosen(request.form)
    if staff.authenticate(person.email, request.form.get("old", "")) is None:
        errors = {"old": gettext("The password is wrong.")}
    if not errors:
        errors = _changed(password)
    if errors:
        db.session.rollback()
        return account_page(errors), 422
    brakes().succeeded(request.remote_addr, account_of(person))
    db.session.commit()
    flash(gettext("Your password is changed. Wherever else you were logged in, you are not now."))
    return redirect(url_for("studio.account"), 303)


@studio.post("/account/digest")
@needs(Act.ANSWER_REQUESTS)
def account_digest() -> ResponseReturnValue:
    """Whether the desk's numbers come by mail, and in which language."""
    try:
        digest.choose(me(), request.form.get("digest", ""), actor())
    except Invalid as refusal:
        db.session.rollback()
        return account_page({"digest": refusal.message}), 422
    db.session.commit()
    return redirect(url_for("studio.account"), 303)


@studio.post("/account/log-out-everywhere")
@needs(Act.OWN_LOGIN)
@while_setting_up
def account_log_out() -> ResponseReturnValue:
    """End every login of one's own, this one included."""
    audit.record(actor(), "logins ended", actor().name)
    staff.end_logins(me())
    db.session.commit()
    log_out()
    return redirect(url_for("studio.login"), 303)


@studio.get("/roles")
@needs(Act.OWN_LOGIN)
def role_table() -> str:
    """What each role may do, in words; the table that the routes themselves ask."""
    return render_template("pages/studio/roles.html", roles=list(Role), permissions=PERMISSIONS)


def _changed(password: str) -> dict[str, str]:
    person = me()
    try:
        staff.change_password(person, password)
    except Invalid:
        return {"password": gettext("That password is too easily guessed; take another.")}
    audit.record(actor(), "password changed", person.name)
    log_in(person)
    return {}


def account_page(errors: dict[str, str], renamed: int | None = None) -> str:
    """The page of one's own login; `renamed` is the passkey whose name could not be taken."""
    person = me()
    return render_template(
        "pages/studio/account.html",
        person=person,
        errors=errors,
        renamed=renamed,
        has_app=second_factor.app_is_on(person),
        has_second=second_factor.is_on(person),
        passkeys=passkeys.of(person),
        longest_name=passkeys.LONGEST_NAME,
        home=relying.home(),
        codes_left=len(person.recovery_codes),
    )
