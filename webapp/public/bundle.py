"""A bundle of somebody's data: the page behind the link that was mailed, and the file, once."""

from flask import Blueprint, Response, abort, make_response

from mailing.base.database import db
from mailing.base.errors import Conflict
from mailing.requests.bundles import releasing
from mailing.requests.bundles.releasing import BundleView
from webapp.headers import personal
from webapp.public.page import show_personal, speak_to

pages = Blueprint("bundle", __name__)


@pages.get("/bundle/<token>")
def ask(token: str) -> Response:
    """What lies there, and one button; afterwards, that it was taken. Scanners change nothing."""
    return _page(releasing.look(token) or abort(404))


@pages.post("/bundle/<token>")
def take(token: str) -> Response:
    """The file. It is destroyed here, so this works once."""
    try:
        taken = releasing.take(token) or abort(404)
    except Conflict:
        db.session.rollback()
        return _page(releasing.look(token) or abort(404), 410)
    db.session.commit()
    answer = make_response(taken[1])
    answer.mimetype = "application/zip"
    answer.headers["Content-Disposition"] = 'attachment; filename="my-data.zip"'
    return personal(answer)


def _page(view: BundleView, status: int = 200) -> Response:
    speak_to(view.language)
    return show_personal("bundle", status, view=view)
