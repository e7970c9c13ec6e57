"""The second step of the double opt-in. Only the button changes anything: scanners fetch GETs."""

from flask import Blueprint, Response, abort

from mailing.base.database import db
from mailing.deliveries import confirmations
from mailing.people import topics
from mailing.people.agreements import Agreement
from webapp.public.page import show_personal, speak_to

pages = Blueprint("confirm", __name__)


@pages.get("/confirm/<token>")
def ask(token: str) -> Response:
    """What was asked for, and one button; afterwards the receipt, whenever it is opened."""
    return _page(confirmations.look(token) or abort(404))


@pages.post("/confirm/<token>")
def confirm(token: str) -> Response:
    """Say yes, whatever the body; again changes nothing."""
    view = confirmations.confirm(token) or abort(404)
    db.session.commit()
    return _page(view)


def _page(view: Agreement) -> Response:
    speak_to(view.language)
    often = [topics.frequency_text(topic) for topic in view.asked_topics]
    return show_personal("confirm", view=view, often=often)
