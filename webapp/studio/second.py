"""Setting up one's own second factor, and what goes with it."""

import base64
from io import BytesIO

import qrcode
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from qrcode.image.svg import SvgPathImage

from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.base.languages import gettext
from mailing.staff import audit, recovery, relying, second_factor
from mailing.staff.permissions import Act
from webapp.studio.blueprint import fresh, needs, studio, while_setting_up
from webapp.studio.identity import actor, log_in, me
from webapp.studio.throttle import brakes, wait_sentence


@studio.get("/account/second-factor")
@needs(Act.OWN_LOGIN)
@while_setting_up
def second_factor_page() -> ResponseReturnValue:
    return _page({})


@studio.post("/account/second-factor/begin")
@needs(Act.OWN_LOGIN)
@while_setting_up
@fresh
def second_factor_begin() -> ResponseReturnValue:
    second_factor.begin(me())
    db.session.commit()
    return redirect(url_for("studio.second_factor_page"), 303)


@studio.post("/account/second-factor")
@needs(Act.OWN_LOGIN)
@while_setting_up
@fresh
def second_factor_confirm() -> ResponseReturnValue:
    """Put the key in force; the recovery codes are shown this once."""
    account = f"code {me().id}"
    if wait := brakes().wait_seconds(request.remote_addr, account):
        return _page({"code": wait_sentence(wait)}), 429, {"Retry-After": str(wait)}
    try:
        codes = second_factor.confirm(me(), request.form.get("code", ""))
    except Invalid:
        db.session.rollback()
        wrong = gettext("This code is wrong, was used already, or is too old.")
        return _page({"code": wrong}), 422
    brakes().succeeded(request.remote_addr, account)
    audit.record(actor(), "second factor set up", actor().name)
    log_in(me())
    db.session.commit()
    return now_in_force(codes)


@studio.post("/account/recovery-codes")
@needs(Act.OWN_LOGIN)
@fresh
def second_factor_codes() -> ResponseReturnValue:
    if not second_factor.is_on(me()):
        raise Conflict(gettext("You have no second factor; set one up first."))
    codes = recovery.renew(me())
    audit.record(actor(), "recovery codes renewed", actor().name)
    db.session.commit()
    return render_template("pages/studio/recovery_codes.html", codes=codes, is_new=False)


@studio.post("/account/second-factor/remove")
@needs(Act.OWN_LOGIN)
@fresh
def second_factor_remove() -> ResponseReturnValue:
    """The app lets in no more; passkeys go one by one."""
    person = me()
    second_factor.remove_app(person)
    audit.record(actor(), "second factor removed", person.name, kind="app")
    log_in(person)
    db.session.commit()
    return now_removed()


def now_in_force(codes: list[str]) -> ResponseReturnValue:
    """Something more lets this person in: their recovery codes where it is the first."""
    if codes:
        return render_template("pages/studio/recovery_codes.html", codes=codes, is_new=True)
    flash(gettext("It is in force beside what you had. Your recovery codes stay as they are."))
    return redirect(url_for("studio.account"), 303)


def now_removed() -> ResponseReturnValue:
    """Something less lets this person in: whether anything is left but the password."""
    if second_factor.is_on(me()):
        flash(gettext("It is removed, and lets nobody in any more."), "done")
    else:
        alone = gettext("Your second factor is removed; your password alone lets you in now.")
        flash(alone, "warn")
    return redirect(url_for("studio.account"), 303)


def _page(errors: dict[str, str]) -> str:
    key = second_factor.key_of(me())
    return render_template(
        "pages/studio/second_factor.html",
        key=key,
        picture=_picture(key.uri) if key else None,
        has_app=second_factor.app_is_on(me()),
        has_second=second_factor.is_on(me()),
        home=relying.home(),
        is_demanded=second_factor.is_demanded(),
        errors=errors,
    )


def _picture(uri: str) -> str:
    drawn = BytesIO()
    qrcode.make(uri, image_factory=SvgPathImage).save(drawn)
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.getvalue()).decode()
