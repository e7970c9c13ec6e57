"""A change of address, as each of the two addresses is asked about it."""

from flask import Blueprint, Response, abort, request

from mailing.base.database import db
from mailing.requests import moving
from mailing.requests.moving import MoveView
from webapp.public.page import show_personal, speak_to

pages = Blueprint("address", __name__)


@pages.get("/address/<token>")
def ask(token: str) -> Response:
    """What was asked for, and two buttons."""
    return _page(moving.look(token) or abort(404))


@pages.post("/address/<token>")
def answer(token: str) -> Response:
    """Agree or refuse, by the button that was pressed; anything else is no answer."""
    said = request.form.get("say")
    if said not in ("yes", "no"):
        return _page(moving.look(token) or abort(404))
    verb = moving.agree if said == "yes" else moving.stop
    view = verb(token) or abort(404)
    db.session.commit()
    return _page(view)


def _page(view: MoveView) -> Response:
    speak_to(view.language)
    return show_personal("address_change", view=view)
