"""The hosted opt-in form, and the posts of the operator's own copies of it."""

from flask import Blueprint, Response, current_app, request

from mailing.base import languages
from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.languages import gettext as _
from mailing.deliveries import confirmations
from mailing.people.open_form import NotOpen, OpenForm
from mailing.people.optins import Submission
from webapp.errors import page as error_page
from webapp.headers import holding_a_form
from webapp.public.brake import AN_HOUR, Brake
from webapp.public.filled import Filled, outdated
from webapp.public.opened import is_timely, stamp
from webapp.public.origin import page_of, sent_from
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
    page = page_of(opened, request.headers, filled.opened)
    if page is None:
        return elsewhere(opened)
    problems = filled.problems(opened)
    if not problems and not is_taken(slug, filled.opened):
        return _slow_down(opened, filled)
    problems = problems or _take(filled.submission(opened, page))
    if problems:
        return _form(OpenForm.find(slug), filled, problems)
    db.session.commit()
    return holding_a_form(show("join_sent", slug=slug))


@pages.errorhandler(NotOpen)
def not_open(error: NotOpen) -> Response:
    """The form exists, but a consent given here now could not be proved."""
    return error_page(503, str(error))


def elsewhere(opened: OpenForm) -> Response:
    """A post from a site that is not registered: what its visitor, and its owner, can do."""
    here, origin = f"/join/{opened.slug}", sent_from(request.headers)
    db.session.rollback()
    return show("join_elsewhere", 403, here=here, slug=opened.slug, origin=origin)


def is_taken(slug: str, opened_at: str) -> bool:
    """Whether the brake lets this form through."""
    brake: Brake = current_app.extensions["kelisim_join_brake"]
    return brake.takes(request.remote_addr, is_timely(slug, opened_at))


def too_many() -> str:
    """What is said to a network that has sent too many forms."""
    return _(
        "Many forms have come from your network. Nothing has been sent yet: wait a few seconds, "
        "then send the form again. If this stays, try again in an hour."
    )


def _slow_down(opened: OpenForm, filled: Filled) -> Response:
    answer = _form(opened, filled, {"wait": too_many()}, 429)
    answer.headers["Retry-After"] = str(AN_HOUR)
    return answer


def _take(submission: Submission) -> dict[str, str]:
    """Hand it over; what the domain refuses has changed since the form was measured."""
    try:
        confirmations.submit(submission)
    except Invalid as error:
        db.session.rollback()
        return {error.field or "policy": outdated()}
    return {}


def _form(
    opened: OpenForm, filled: Filled, problems: dict[str, str] | None = None, wrong: int = 422
) -> Response:
    values = {"filled": filled, "problems": problems or {}, "opened_at": stamp(opened.slug)}
    return holding_a_form(show("join", wrong if problems else 200, form=opened, **values))
