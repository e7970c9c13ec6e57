"""What a number of ours stands for, told to whoever holds it: no name, no address, no login.

The form of the number says what it is; a further kind of number is a further line of CHECKS.
Whatever is none of ours gets the one 404 page.
"""

import re
from collections.abc import Callable

from flask import Blueprint, Response, abort, jsonify, make_response, request

from mailing.leaving import proofs
from mailing.leaving.proofs import Proof
from mailing.people import topics
from webapp.headers import personal
from webapp.public.page import show_personal

pages = Blueprint("verify", __name__)

Check = Callable[[str], Response]


@pages.get("/verify/<number>")
def verify(number: str) -> Response:
    """The page of one number; JSON when asked."""
    check = next((check for form, check in CHECKS if form.fullmatch(number)), None)
    return check(number) if check else abort(404)


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


CHECKS: tuple[tuple[re.Pattern[str], Check], ...] = ((proofs.NUMBER, _receipt),)
