"""The hosted opt-in form, and the posts of the operator's own copies of it."""

from flask import Blueprint, Response, abort, request

from mailing.base import languages
from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.deliveries import confirmations
from mailing.people.optins import Submission
from webapp.errors import page as error_page
from webapp.headers import holding_a_form
from webapp.public.filled import Filled, outdated
from webapp.public.open_form import NotOpen, OpenForm
from webapp.public.origin import page_of
from webapp.public.page import asked_language, show

pages = Blueprint("join", __name__)


@pages.get("/join/<slug>")
def form(slug: str) -> Response:
    """The form, with nothing ticked."""
    return _form(OpenForm.find(slug), Filled.nothing())


@pages.post("/join/<slug>")
def submit(slug: str) -> Response:
    """Take a post: the same page for every well-formed one, whoever the address belongs to."""
    filled = Filled.read(request.form)
    languages.speak(asked_language() or filled.language or languages.spoken())
    opened = OpenForm.find(slug)
    page = page_of(opened, request.headers) or abort(403)
    problems = filled.problems(opened) or _take(filled.submission(opened, page))
    if problems:
        return _form(OpenForm.find(slug), filled, problems)
    db.session.commit()
    return holding_a_form(show("join_sent", slug=slug))


@pages.errorhandler(NotOpen)
def not_open(error: NotOpen) -> Response:
    """The form exists, but a consent given here now could not be proved."""
    return error_page(503, str(error))


def _take(submission: Submission) -> dict[str, str]:
    """Hand it over; what the domain refuses has changed since the form was measured."""
    try:
        confirmations.submit(submission)
    except Invalid as error:
        db.session.rollback()
        return {error.field or "policy": outdated()}
    return {}


def _form(opened: OpenForm, filled: Filled, problems: dict[str, str] | None = None) -> Response:
    status = 422 if problems else 200
    return holding_a_form(show("join", status, form=opened, filled=filled, problems=problems or {}))
