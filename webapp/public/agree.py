"""Agreeing anew to a policy version: the page that a notice leads to. Only the button says yes.

The token is the one of the mail's link to leave. A GET changes nothing; a POST needs no cookie.
"""

from flask import Blueprint, Response, abort, request

from mailing.base.database import db
from mailing.base.errors import Conflict
from mailing.people import agreement
from mailing.people.agreement import AgreeView, State
from mailing.policies import reading
from mailing.policies.declared import field_name, purpose_name
from webapp.headers import personal
from webapp.public.page import asked_language, show, show_personal, speak_to

pages = Blueprint("agree", __name__)


@pages.get("/agree/<token>")
def ask(token: str) -> Response:
    """What the version in force says, what its reader would agree to, and one button."""
    return _page(agreement.look(token, asked_language()) or abort(404))


@pages.post("/agree/<token>")
def agree(token: str) -> Response:
    """Say yes to what was shown; again changes nothing."""
    seen = request.form.get("seen", "")
    try:
        view = agreement.agree(token, seen, asked_language(), _seen_from()) or abort(404)
    except Conflict:
        db.session.rollback()
        view = agreement.look(token, asked_language()) or abort(404)
        return _page(view, 409, problem=True)
    db.session.commit()
    return _page(view)


def _page(view: AgreeView, status: int = 200, problem: bool = False) -> Response:
    if view.state is State.PREVIEW:
        return personal(show("preview"))
    speak_to(view.language)
    return show_personal(
        "agree",
        status,
        view=view,
        problem=problem,
        summary_html=reading.readable(view.summary) if view.summary else None,
        purpose_name=purpose_name,
        field_name=field_name,
    )


def _seen_from() -> dict[str, str]:
    """What a policy version may declare as evidence; what it does not declare is not kept."""
    return {
        "network_address": request.remote_addr or "",
        "user_agent": request.headers.get("User-Agent", "")[:200],
    }
