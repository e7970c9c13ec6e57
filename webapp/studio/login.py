"""Logging in and out."""

from flask import current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.languages import gettext, ngettext
from mailing.staff import audit, staff
from webapp.studio.blueprint import open_to_all, studio
from webapp.studio.guard import safe_next
from webapp.studio.identity import actor, log_in, log_out, whoever
from webapp.studio.throttle import Throttle


@studio.get("/login")
@open_to_all
def login() -> ResponseReturnValue:
    if whoever():
        return redirect(safe_next(request.args.get("next")), 303)
    return _page()


@studio.post("/login")
@open_to_all
def login_try() -> ResponseReturnValue:
    email, password = request.form.get("email", ""), request.form.get("password", "")
    if wait := _throttle().wait_seconds(request.remote_addr, email):
        return _page(_wait_sentence(wait)), 429, {"Retry-After": str(wait)}
    person = staff.authenticate(email, password)
    if person is None:
        return _page(gettext("The address or the password is wrong.")), 422
    _throttle().succeeded(request.remote_addr, email)
    log_in(person)
    audit.record(actor(), "log in", person.name)
    db.session.commit()
    return redirect(safe_next(request.form.get("next")), 303)


@studio.post("/logout")
@open_to_all
def logout() -> ResponseReturnValue:
    if whoever():
        audit.record(actor(), "log out", actor().name)
        db.session.commit()
    log_out()
    return redirect(url_for("studio.login"), 303)


def _page(problem: str | None = None) -> str:
    return render_template(
        "pages/studio/login.html",
        problem=problem,
        email=request.form.get("email", ""),
        next=request.values.get("next", ""),
    )


def _throttle() -> Throttle:
    throttle: Throttle = current_app.extensions["kelisim_throttle"]
    return throttle


def _wait_sentence(seconds: int) -> str:
    return ngettext(
        "Too many tries from here. Wait %(num)s second, then try again.",
        "Too many tries from here. Wait %(num)s seconds, then try again.",
        seconds,
    )
