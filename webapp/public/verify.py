"""Verification by number: what somebody holds in their hand, is it ours and unchanged?

One address for everything that we number. The form of the number says what it is (`CHECKS`), and a
number that cannot be guessed is all that it takes; no page here names a person.
"""

import re
from collections.abc import Callable

from flask import Blueprint, Response, abort, jsonify, request

from mailing.base.errors import Missing
from mailing.requests import certificates, verifying
from webapp.headers import personal
from webapp.public.page import show_personal

pages = Blueprint("verify", __name__)

Check = Callable[[str], Response]


@pages.get("/verify/<number>")
def verify(number: str) -> Response:
    """Whether what bears this number is ours."""
    check = next((check for form, check in CHECKS if form.fullmatch(number)), None)
    return check(number) if check else abort(404)


def _certificate(number: str) -> Response:
    try:
        found = certificates.find(number)
    except Missing:
        abort(404)
    is_sound = verifying.is_sound(found)
    if request.accept_mimetypes.best == "application/json":
        told = {"number": number, "issued_at": found.issued_at.isoformat(), "sha256": found.sha256}
        return personal(jsonify({**told, "public_key": found.public_key, "sound": is_sound}))
    return show_personal("certified", found=found, is_sound=is_sound)


CHECKS: tuple[tuple[re.Pattern[str], Check], ...] = ((certificates.NUMBER, _certificate),)
