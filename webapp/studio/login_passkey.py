"""The second step of a login by a passkey, in place of a code."""

from flask import jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.languages import gettext
from mailing.staff import ceremonies
from mailing.staff.ceremonies import Refusal
from webapp.studio.blueprint import open_to_all, studio
from webapp.studio.identity import half_way
from webapp.studio.login import code_page, enter
from webapp.studio.passkey_asked import account_of, ask, sentence_of, taken_challenge
from webapp.studio.throttle import brakes


@studio.post("/login/code/passkey/begin")
@open_to_all
def login_passkey_begin() -> ResponseReturnValue:
    person = half_way()
    if person is None:
        over = gettext("Your password was given too long ago. Log in from the beginning.")
        return jsonify(problem=over), 401
    return ask(person, lambda: ceremonies.begin_login(person))


@studio.post("/login/code/passkey")
@open_to_all
def login_passkey() -> ResponseReturnValue:
    person = half_way()
    if person is None:
        return redirect(url_for("studio.login", next=request.form.get("next")), 303)
    answer = request.form.get("answer", "")
    passkey = ceremonies.finish_login(person, taken_challenge(), answer)
    if isinstance(passkey, Refusal):
        # The challenge is used up, and a counter that went back stands in the log.
        db.session.commit()
        return code_page(sentence_of(passkey), "passkey"), 422
    brakes().succeeded(request.remote_addr, account_of(person))
    return enter(person, second="passkey", passkey=passkey.id)
