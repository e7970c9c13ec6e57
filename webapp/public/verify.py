"""Verification by number: what somebody holds in their hand, is it ours and unchanged?

One address for everything that we number. The form of the number says what it is (`CHECKS`), and a
number that cannot be guessed is all that it takes; no page here names a person.
"""

import re
from collections.abc import Callable

from flask import Blueprint, Response, abort, jsonify, make_response, request

from mailing.base.errors import Missing
from mailing.leaving import proofs
from mailing.leaving.proofs import Proof
from mailing.people import topics
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
        return _lost(number) if verifying.was_given(number) else abort(404)
    is_sound = verifying.is_sound(found)
    if request.accept_mimetypes.best == "application/json":
        told = {"number": number, "issued_at": found.issued_at.isoformat(), "sha256": found.sha256}
        return personal(jsonify({**told, "public_key": found.public_key, "sound": is_sound}))
    return show_personal("certified", found=found, is_sound=is_sound)


def _lost(number: str) -> Response:
    """A number of ours that this database has lost: it was restored from a backup."""
    again = verifying.repeated_by(number)
    if request.accept_mimetypes.best == "application/json":
        told = {"number": number, "kept": False, "repeated_by": again.number if again else None}
        return personal(jsonify(told))
    return show_personal("certified_before", number=number, again=again)


def _receipt(number: str) -> Response:
    proof = proofs.of_receipt(number) or abort(404)
    if request.accept_mimetypes.best == "application/json":
        return personal(make_response(jsonify(_document(proof))))
    return show_personal("verify_receipt", proof=proof, name_in=topics.name_in)


def _document(proof: Proof) -> dict[str, object]:
    given, entry = proof.receipt, proof.entry
    return {
        "receipt": given.id,
        "kind": given.kind,
        "topic": proof.topic.slug if proof.topic else "all" if proof.is_everything else None,
        "recorded_at": given.recorded_at.isoformat(),
        "in_flight": given.in_flight,
        "entry": entry.hash.hex() if entry else None,
        "holds": proof.holds,
    }


CHECKS: tuple[tuple[re.Pattern[str], Check], ...] = (
    (certificates.NUMBER, _certificate),
    (proofs.NUMBER, _receipt),
)
