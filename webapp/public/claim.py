"""A withdrawal that came by letter in somebody's name: was it them? The link went to their address.

Only a button changes anything; what it says is final for the one answer and not for the other.
"""

from flask import Blueprint, Response, abort, request

from mailing.base.database import db
from mailing.requests import claims
from mailing.requests.claims import ClaimView
from webapp.public.page import show_personal, speak_to

pages = Blueprint("claim", __name__)


@pages.get("/claim/<token>")
def ask(token: str) -> Response:
    """What came, what was done about it, and two buttons."""
    return _page(claims.look(token) or abort(404))


@pages.post("/claim/<token>")
def answer(token: str) -> Response:
    """It was them, or it was not, by the button that was pressed; anything else is no answer."""
    said = request.form.get("say")
    verb = {"yes": claims.confirm, "no": claims.deny}.get(said or "", claims.look)
    view = verb(token) or abort(404)
    db.session.commit()
    return _page(view)


def _page(view: ClaimView) -> Response:
    speak_to(view.language)
    return show_personal("claim", view=view)
