"""Asking for the password once more before a dangerous act.

A login that was left open on a desk is worth its pages, not the team's roles. What was typed stays
in the page that asks, and goes on to the same address with the password.
"""

from flask import Response, make_response, render_template, request

from mailing.base.languages import gettext
from mailing.staff import staff
from mailing.staff.staff import Staff
from webapp.studio.identity import is_proved, me, prove
from webapp.studio.throttle import brakes, wait_sentence

FIELD = "proof_password"
_OURS = frozenset({FIELD, "csrf_token"})


def asked_for() -> Response | None:
    """The page that asks for the password; None where it was given lately, or with this form."""
    if is_proved():
        return None
    if request.method != "POST" or FIELD not in request.form:
        return _page(None, 401)
    if wait := brakes().wait_seconds(request.remote_addr, account_of(me())):
        return _page(wait_sentence(wait), 429)
    if staff.authenticate(me().email, request.form[FIELD]) is None:
        return _page(gettext("The password is wrong."), 422)
    brakes().succeeded(request.remote_addr, account_of(me()))
    prove()
    return None


def account_of(person: Staff) -> str:
    """Under which name the brake counts passwords that are given once more."""
    return f"again {person.id}"


def _page(problem: str | None, status: int) -> Response:
    kept = [(name, value) for name, value in request.form.items(multi=True) if name not in _OURS]
    page = render_template("pages/studio/proof.html", problem=problem, kept=kept, field=FIELD)
    return make_response(page, status)
