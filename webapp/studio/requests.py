"""One request: its page, its message, its answer, and its end."""

from flask import flash, make_response, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from mailing.base.database import db
from mailing.base.errors import Invalid, KelisimError
from mailing.base.languages import gettext
from mailing.requests import acting, answering, deciding, original
from mailing.requests.acting import Closing
from mailing.requests.kinds import Kind, Resolution
from mailing.requests.requests import find
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor
from webapp.studio.request_view import again, draft_of, page, to

# Nothing of a stranger's message runs, loads or leads anywhere; it has no rights in its frame.
FRAME_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
_HEAD = (
    '<!doctype html><meta charset="utf-8"><title>.</title><style>'
    "body{font:16px/1.5 sans-serif;margin:12px;color:#1b2430;background:#fff;"
    "overflow-wrap:anywhere}table{max-width:100%}</style>"
)


@studio.get("/requests/<int:request_id>")
@needs(Act.ANSWER_REQUESTS)
def request_page(request_id: int) -> str:
    return page(request_id, draft_of())


@studio.post("/requests/<int:request_id>/original")
@needs(Act.ANSWER_REQUESTS)
def request_original(request_id: int) -> str:
    """Reading what somebody wrote is an act: it is posted, and logged."""
    read = original.read(request_id, actor())
    db.session.commit()
    return page(request_id, draft_of(), read=read)


@studio.get("/requests/<int:request_id>/original/frame")
@needs(Act.ANSWER_REQUESTS)
def request_frame(request_id: int) -> Response:
    html = original.html_again(request_id, actor())
    if html is None:
        return to(request_id)
    answer = make_response(_HEAD + html)
    answer.headers["Content-Security-Policy"] = FRAME_POLICY
    answer.headers["X-DNS-Prefetch-Control"] = "off"
    return answer


@studio.post("/requests/<int:request_id>/kind")
@needs(Act.ANSWER_REQUESTS)
def request_kind(request_id: int) -> ResponseReturnValue:
    find(request_id)
    asked = request.form.get("kind", "")
    if asked not in set(Kind):
        refusal = Invalid(gettext("Choose what this message is."), field="kind")
        return again(request_id, draft_of(), refusal)
    deciding.decide(request_id, Kind(asked), actor())
    db.session.commit()
    return to(request_id)


@studio.post("/requests/<int:request_id>/assign")
@needs(Act.ANSWER_REQUESTS)
def request_assign(request_id: int) -> Response:
    asked = request.form.get("assignee", "")
    acting.assign(request_id, int(asked) if asked.isdecimal() else None, actor())
    db.session.commit()
    return to(request_id)


@studio.post("/requests/<int:request_id>/answer")
@needs(Act.ANSWER_REQUESTS)
def request_answer(request_id: int) -> ResponseReturnValue:
    """The button says which: another template, a look at the answer, or sending it."""
    draft = draft_of()
    try:
        said = answering.preview(find(request_id), draft)
        if request.form.get("do") != "send":
            return page(request_id, draft, said=said)
        answering.answer(request_id, draft, actor())
    except KelisimError as refusal:
        return again(request_id, draft, refusal)
    db.session.commit()
    flash(gettext("The answer is on its way. What becomes of it is shown below."), "done")
    # A browser keeps the place in the page that the form named, unless the answer names another.
    return to(request_id, "sent")


@studio.post("/requests/<int:request_id>/close")
@needs(Act.ANSWER_REQUESTS)
def request_close(request_id: int) -> ResponseReturnValue:
    asked, reason = request.form.get("resolution", ""), request.form.get("reason", "")
    try:
        if asked not in set(Resolution):
            raise Invalid(gettext("Choose how it ended."), field="resolution")
        acting.close(request_id, Closing(Resolution(asked), reason), actor())
    except KelisimError as refusal:
        return again(request_id, draft_of(), refusal)
    db.session.commit()
    return to(request_id)


@studio.post("/requests/<int:request_id>/take-up")
@needs(Act.ANSWER_REQUESTS)
def request_take_up(request_id: int) -> Response:
    acting.take_up(request_id, actor())
    db.session.commit()
    return to(request_id)
