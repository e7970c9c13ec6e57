"""Logging in and out. Whoever has a second factor is asked for it in a step of its own."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.languages import gettext
from mailing.staff import audit, passkeys, relying, second_factor, staff
from mailing.staff.staff import Staff
from webapp.studio.blueprint import open_to_all, studio
from webapp.studio.guard import safe_next
from webapp.studio.identity import actor, half_log_in, half_way, log_in, log_out, whoever
from webapp.studio.throttle import brakes, wait_sentence


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
    if wait := brakes().wait_seconds(request.remote_addr, email):
        return _page(wait_sentence(wait)), 429, {"Retry-After": str(wait)}
    person = staff.authenticate(email, password)
    if person is None:
        return _page(gettext("The address or the password is wrong.")), 422
    brakes().succeeded(request.remote_addr, email)
    if second_factor.is_on(person):
        half_log_in(person)
        db.session.commit()
        asked = request.form.get("next") or None
        return redirect(url_for("studio.login_second", next=asked), 303)
    return enter(person)


@studio.get("/login/code")
@open_to_all
def login_second() -> ResponseReturnValue:
    if half_way() is None:
        return redirect(url_for("studio.login", next=request.args.get("next")), 303)
    return code_page()


@studio.post("/login/code")
@open_to_all
def login_second_try() -> ResponseReturnValue:
    person = half_way()
    if person is None:
        return redirect(url_for("studio.login", next=request.form.get("next")), 303)
    account = f"code {person.id}"
    wait = brakes().wait_seconds(request.remote_addr, account) or brakes().wait_everywhere(account)
    if wait:
        return code_page(wait_sentence(wait)), 429, {"Retry-After": str(wait)}
    way = second_factor.check(person, request.form.get("code", ""))
    if way is None:
        return code_page(gettext("This code is wrong, was used already, or is too old.")), 422
    brakes().succeeded(request.remote_addr, account)
    return enter(person, second=way)


@studio.post("/logout")
@open_to_all
def logout() -> ResponseReturnValue:
    if whoever():
        audit.record(actor(), "log out", actor().name)
        db.session.commit()
    log_out()
    return redirect(url_for("studio.login"), 303)


def enter(person: Staff, **how: object) -> ResponseReturnValue:
    """Begin the login of whoever has proved everything; `how` is what the log keeps of it."""
    log_in(person)
    staff.note_login(person)
    audit.record(actor(), "log in", person.name, **how)
    db.session.commit()
    return redirect(safe_next(request.form.get("next")), 303)


def _page(problem: str | None = None) -> str:
    return render_template(
        "pages/studio/login.html",
        problem=problem,
        email=request.form.get("email", ""),
        next=request.values.get("next", ""),
    )


def code_page(problem: str | None = None, at: str = "code") -> str:
    """The second step, for whoever is half way; `at` names the part that the problem is with."""
    person = half_way()
    return render_template(
        "pages/studio/login_code.html",
        problem=problem,
        at=at,
        next=request.values.get("next", ""),
        has_app=person is not None and second_factor.app_is_on(person),
        has_passkeys=person is not None and passkeys.has_any(person),
        home=relying.home(),
    )
