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
from mailing.staff import audit, second_factor
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
    return render_template("pages/studio/recovery_codes.html", codes=codes, is_new=True)


@studio.post("/account/recovery-codes")
@needs(Act.OWN_LOGIN)
@fresh
def second_factor_codes() -> ResponseReturnValue:
    if not second_factor.is_on(me()):
        raise Conflict(gettext("You have no second factor; set one up first."))
    codes = second_factor.renew_codes(me())
    audit.record(actor(), "recovery codes renewed", actor().name)
    db.session.commit()
    return render_template("pages/studio/recovery_codes.html", codes=codes, is_new=False)


@studio.post("/account/second-factor/remove")
@needs(Act.OWN_LOGIN)
@fresh
def second_factor_remove() -> ResponseReturnValue:
    person = me()
    second_factor.remove(person)
    audit.record(actor(), "second factor removed", person.name)
    log_in(person)
    db.session.commit()
    flash(gettext("Your second factor is removed; your password alone lets you in now."), "warn")
    return redirect(url_for("studio.account"), 303)


def _page(errors: dict[str, str]) -> str:
    key = second_factor.key_of(me())
    return render_template(
        "pages/studio/second_factor.html",
        key=key,
        picture=_picture(key.uri) if key else None,
        has_second=second_factor.is_on(me()),
        is_demanded=second_factor.is_demanded(),
        errors=errors,
    )


def _picture(uri: str) -> str:
    drawn = BytesIO()
    qrcode.make(uri, image_factory=SvgPathImage).save(drawn)
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.getvalue()).decode()
