"""One's own passkeys: added, renamed, removed."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.languages import gettext
from mailing.staff import ceremonies, passkeys, relying
from mailing.staff.ceremonies import Refusal
from mailing.staff.permissions import Act
from webapp.studio.account import account_page
from webapp.studio.blueprint import fresh, needs, studio, while_setting_up
from webapp.studio.identity import log_in, me
from webapp.studio.passkey_asked import account_of, ask, sentence_of, taken_challenge
from webapp.studio.second import now_in_force, now_removed
from webapp.studio.throttle import brakes


@studio.get("/account/passkeys/new")
@needs(Act.OWN_LOGIN)
@while_setting_up
def passkey_new() -> str:
    return _page({})


@studio.post("/account/passkeys/new")
@needs(Act.OWN_LOGIN)
@while_setting_up
@fresh
def passkey_start() -> str:
    """The same page, once the password was given: the script cannot ask for it."""
    return _page({})


@studio.post("/account/passkeys/begin")
@needs(Act.OWN_LOGIN)
@while_setting_up
@fresh
def passkey_begin() -> ResponseReturnValue:
    name = request.form.get("name", "")
    return ask(me(), lambda: ceremonies.begin_registration(me(), name))


@studio.post("/account/passkeys")
@needs(Act.OWN_LOGIN)
@while_setting_up
@fresh
def passkey_add() -> ResponseReturnValue:
    """Keep the passkey that the browser had made; recovery codes are shown this once."""
    answer, name = request.form.get("answer", ""), request.form.get("name", "")
    if not answer:
        return _page({"name": _without_script()}), 422
    try:
        added = ceremonies.finish_registration(me(), taken_challenge(), answer, name)
    except Invalid as refusal:
        db.session.rollback()
        return _page({"name": refusal.message}), 422
    if isinstance(added, Refusal):
        db.session.commit()
        return _page({"name": sentence_of(added)}), 422
    brakes().succeeded(request.remote_addr, account_of(me()))
    log_in(me())
    db.session.commit()
    return now_in_force(added.codes)


@studio.post("/account/passkeys/<int:passkey_id>/rename")
@needs(Act.OWN_LOGIN)
def passkey_rename(passkey_id: int) -> ResponseReturnValue:
    try:
        ceremonies.rename(me(), passkey_id, request.form.get("name", ""))
    except Invalid as refusal:
        db.session.rollback()
        return account_page({f"passkey-{passkey_id}": refusal.message}, passkey_id), 422
    db.session.commit()
    flash(gettext("Saved."), "done")
    return redirect(url_for("studio.account"), 303)


@studio.post("/account/passkeys/<int:passkey_id>/remove")
@needs(Act.OWN_LOGIN)
@fresh
def passkey_remove(passkey_id: int) -> ResponseReturnValue:
    person = me()
    ceremonies.remove(person, passkey_id)
    log_in(person)
    db.session.commit()
    return now_removed()


def _without_script() -> str:
    return gettext(
        "Your browser sent no passkey. It has to run script for that; without, set up an app that "
        "makes codes."
    )


def _page(errors: dict[str, str]) -> str:
    return render_template(
        "pages/studio/passkey_new.html",
        errors=errors,
        name=request.form.get("name", ""),
        longest_name=passkeys.LONGEST_NAME,
        home=relying.home(),
    )
