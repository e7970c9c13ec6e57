"""What a number of ours stands for, told to whoever holds it: no name, no address, no login.

The form of the number says what it is; a further kind of number is a further line of READERS.
Whatever is none of ours gets the one 404 page.
"""

from collections.abc import Callable
from re import Pattern

from flask import Blueprint, Response, abort, jsonify, make_response, request

from mailing.leaving import proofs
from mailing.leaving.proofs import Proof
from mailing.people import topics
from webapp.headers import personal
from webapp.public.page import show_personal

pages = Blueprint("verify", __name__)


@pages.get("/verify/<number>")
def check(number: str) -> Response:
    """The page of one number; JSON when asked."""
    read = next((read for form, read in READERS.items() if form.fullmatch(number)), None)
    return (read(number) if read else None) or abort(404)


def _receipt(number: str) -> Response | None:
    proof = proofs.of_receipt(number)
    if proof is None:
        return None
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


READERS: dict[Pattern[str], Callable[[str], Response | None]] = {proofs.NUMBER: _receipt}
