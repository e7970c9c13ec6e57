"""What the desk asks somebody about their request: was it you, is this right? By a mailed link."""

from flask import Blueprint, Response, abort, request

from mailing.base.database import db
from mailing.requests import saying
from mailing.requests.saying import InquiryView
from webapp.public.page import show_personal, speak_to

pages = Blueprint("inquiry", __name__)

_SAYS = {"yes": True, "no": False}


@pages.get("/inquiry/<token>")
def ask(token: str) -> Response:
    """The question and its buttons; looking changes nothing."""
    return _page(saying.look(token) or abort(404))


@pages.post("/inquiry/<token>")
def answer(token: str) -> Response:
    """Yes or no, by the button that was pressed; anything else is no answer."""
    said = request.form.get("say", "")
    view = saying.say(token, _SAYS[said]) if said in _SAYS else saying.look(token)
    if view is None:
        abort(404)
    db.session.commit()
    return _page(view)


def _page(view: InquiryView) -> Response:
    speak_to(view.language)
    return show_personal("inquiry", view=view)
