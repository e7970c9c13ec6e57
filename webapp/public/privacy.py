"""Rights without a login: a link for whoever has lost the mail, and how to ask for more."""

from flask import Blueprint, Response, current_app, request

from mailing.base import languages
from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.languages import gettext as _
from mailing.policies import versions
from mailing.policies.marks import Marks
from mailing.requests import fresh
from webapp.headers import holding_a_form
from webapp.public.brake import Brake
from webapp.public.join import too_many
from webapp.public.page import asked_language, show

pages = Blueprint("privacy", __name__)


@pages.get("/privacy")
def ask() -> Response:
    """Which rights there are, and the form."""
    return _page("", None)


@pages.post("/privacy")
def send() -> Response:
    """Mail a link: the same page for every address, known or not."""
    languages.speak(asked_language() or languages.spoken())
    typed = request.form.get("email", "")
    brake: Brake = current_app.extensions["kelisim_join_brake"]
    if not brake.takes(request.remote_addr, is_timed=True):
        return _page(typed, too_many(), 429)
    try:
        fresh.mail_to(typed)
    except Invalid:
        return _page(typed, _("Enter an address like name@example.kz."), 422)
    db.session.commit()
    return holding_a_form(show("privacy_sent"))


def _page(typed: str, problem: str | None, status: int = 200) -> Response:
    policy = versions.in_force()
    marks = policy.declared_marks if policy else Marks()
    return holding_a_form(show("privacy", status, typed=typed, problem=problem, marks=marks))
