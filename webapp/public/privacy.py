"""Rights without a login: a link for whoever has lost the mail, and a request of one's own."""

from flask import Blueprint, Response, current_app, request

from mailing.base import languages
from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.languages import gettext as _
from mailing.policies import versions
from mailing.policies.marks import Marks
from mailing.requests import fresh, registering
from mailing.requests.kinds import RIGHTS
from mailing.requests.registering import Asking
from webapp.headers import holding_a_form
from webapp.public.brake import Brake
from webapp.public.join import too_many
from webapp.public.page import asked_language, show

pages = Blueprint("privacy", __name__)

Problems = dict[str, str]


@pages.get("/privacy")
def ask() -> Response:
    """Which rights there are, and the forms."""
    return _page({})


@pages.post("/privacy")
def send() -> Response:
    """Mail a link, or take a request; the same page for every address, known or not."""
    languages.speak(asked_language() or languages.spoken())
    is_request = request.form.get("do") == "ask" or "right" in request.form
    brake: Brake = current_app.extensions["kelisim_join_brake"]
    if not brake.takes(request.remote_addr, is_timed=True):
        return _page({"who" if is_request else "email": too_many()}, 429)
    return _take() if is_request else _link()


def _link() -> Response:
    try:
        fresh.mail_to(request.form.get("email", ""))
    except Invalid:
        return _page({"email": _("Enter an address like name@example.kz.")}, 422)
    db.session.commit()
    return holding_a_form(show("privacy_sent"))


def _take() -> Response:
    """The number at once: of a request that waits until its link has been pressed."""
    try:
        made = registering.file_by_form(_asking())
    except Invalid as refusal:
        db.session.rollback()
        return _page(_said(refusal), 422)
    number, due_at = made.number, made.due_at
    db.session.commit()
    return holding_a_form(show("privacy_taken", number=number, due_at=due_at))


def _asking() -> Asking:
    chosen = request.form.getlist("right")
    return Asking(
        rights=tuple(kind for kind in RIGHTS if kind in chosen),
        email=request.form.get("who", request.form.get("email", "")),
        words=request.form.get("told", ""),
        language=languages.spoken(),
    )


def _said(refusal: Invalid) -> Problems:
    """The sentences of the domain speak to staff; these speak to whoever fills in the form."""
    if refusal.field == "right":
        return {"right": _("Choose at least one thing that you ask for.")}
    if refusal.field == "told":
        return {"told": _("Write plain text, 5000 characters at the most.")}
    return {"who": _("Enter an address like name@example.kz.")}


def _page(problems: Problems, status: int = 200) -> Response:
    policy = versions.in_force()
    marks = policy.declared_marks if policy else Marks()
    typed = {name: request.form.get(name, "") for name in ("email", "who", "told")}
    return holding_a_form(
        show(
            "privacy",
            status,
            typed=typed,
            chosen=request.form.getlist("right"),
            rights=list(RIGHTS),
            problems=problems,
            marks=marks,
        )
    )
