"""A lost password, and the link by which one is set: asked for by anybody, told to nobody."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.languages import gettext, spoken
from mailing.deliveries import account_mails
from mailing.staff.staff import Staff
from webapp.studio.blueprint import open_to_all, studio
from webapp.studio.identity import log_out
from webapp.studio.new_password import chosen
from webapp.studio.throttle import brakes, wait_sentence


@studio.get("/lost-password")
@open_to_all
def password_lost() -> str:
    return _ask()


@studio.post("/lost-password")
@open_to_all
def password_lost_ask() -> ResponseReturnValue:
    """The same page for every address, whoever has it, and as much work."""
    email = request.form.get("email", "").strip()
    if wait := brakes().wait_seconds(request.remote_addr, f"lost {email}"):
        return _ask(wait_sentence(wait)), 429, {"Retry-After": str(wait)}
    try:
        account_mails.ask_reset(email, spoken())
    except Invalid:
        return _ask(gettext("Enter an address like name@example.kz.")), 422
    db.session.commit()
    return render_template("pages/studio/password_asked.html", email=email)


@studio.get("/password/<token>")
@open_to_all
def password_link(token: str) -> ResponseReturnValue:
    """A look changes nothing: what opens links in mails ahead of people uses none up (T31)."""
    person = account_mails.look(token)
    return _choose(person, {}) if person else _over()


@studio.post("/password/<token>")
@open_to_all
def password_link_use(token: str) -> ResponseReturnValue:
    person = account_mails.look(token)
    if person is None:
        return _over()
    password, errors = chosen(request.form)
    try:
        taken = None if errors else account_mails.take(token, password)
    except Invalid:
        errors["password"] = gettext("That password is too easily guessed; take another.")
        taken = None
    if errors:
        db.session.rollback()
        return _choose(person, errors), 422
    if taken is None:
        return _over()
    db.session.commit()
    log_out()
    flash(gettext("Your password is set. Log in with it."), "done")
    return redirect(url_for("studio.login"), 303)


def _ask(problem: str | None = None) -> str:
    email = request.form.get("email", "")
    return render_template("pages/studio/password_lost.html", problem=problem, email=email)


def _choose(person: Staff, errors: dict[str, str]) -> str:
    return render_template("pages/studio/password_link.html", person=person, errors=errors)


def _over() -> ResponseReturnValue:
    return render_template("pages/studio/password_over.html"), 404
