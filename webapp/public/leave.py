"""Leaving: the one-click of mail programs (RFC 8058), and the page with one button for people.

The same address serves both. A GET changes nothing, a POST needs nothing but the address.
"""

from datetime import datetime

import structlog
from flask import Blueprint, Response, abort, jsonify, make_response, request

from mailing.base.errors import Invalid, Unavailable
from mailing.base.languages import gettext as _
from mailing.leaving import links, reasons
from mailing.leaving.leave import NobodyKnown
from mailing.leaving.links import LeaveView
from mailing.leaving.receipts import Receipt
from webapp.errors import page as error_page
from webapp.errors import places
from webapp.headers import personal
from webapp.public.page import asked_language, lost_link, show, show_personal, speak_to

pages = Blueprint("leave", __name__)

# Seconds that an answer may wait for what is in flight (enforcement.md, "Leaving").
MACHINE, PERSON = 1.0, 2.0
OWN_FORM = b"page=1"
DONE = "Жазылым тоқтатылды. Вы отписаны. You are unsubscribed.\n"

log = structlog.get_logger()


@pages.before_request
def say_that_it_is_a_preview() -> Response | None:
    """The link of a preview belongs to nobody: whatever is asked of it, nothing is done."""
    token = (request.view_args or {}).get("token", "")
    if request.method == "OPTIONS" or not links.is_preview(token):
        return None
    return personal(show("preview", here=f"/u/{token}"))


@pages.get("/u/<token>", provide_automatic_options=False)
def ask(token: str) -> Response:
    """One button; or, for who has left already, what is so."""
    view = links.look(token, asked_language()) or abort(404)
    return _about(view, "leave" if view.is_subscribed else "left", receipt=None)


@pages.post("/u/<token>", provide_automatic_options=False)
def one_click(token: str) -> Response:
    """Leave. No cookie, no CSRF, no look at what the body says: RFC 8058 3.1 and 3.2."""
    by_hand = _is_own_page()
    patience, source = (PERSON, "page") if by_hand else (MACHINE, "one-click")
    receipt = links.by_token(token, patience, source) or abort(404)
    status = 202 if receipt.in_flight else 200
    if request.accept_mimetypes.best == "application/json":
        return personal(make_response(jsonify(_document(receipt)), status))
    return _result_page(token, receipt, status) if by_hand else _plain(status)


@pages.route("/u/<token>", methods=["OPTIONS"], provide_automatic_options=False)
def preflight(token: str) -> Response:
    """What a browser asks before some mail programs post from it (T43)."""
    answer = make_response("", 204)
    answer.headers["Allow"] = "GET, HEAD, OPTIONS, POST"
    answer.headers["Access-Control-Allow-Methods"] = "GET, HEAD, POST"
    answer.headers["Access-Control-Allow-Headers"] = "*"
    return answer


@pages.post("/u/<token>/undo")
def undo(token: str) -> Response:
    """Take it back within the day: an entry of its own, and the page says what is so now."""
    is_back = links.undo(token)
    view = links.look(token, asked_language()) or abort(404)
    return _about(view, "undone" if is_back else "too_late", here=f"/u/{token}")


@pages.post("/u/<token>/reason")
def reason(token: str) -> Response:
    """Why, if they care to say. Nothing else changes; saying nothing is an answer as well."""
    view = links.look(token, asked_language()) or abort(404)
    here = f"/u/{token}"
    if view.is_subscribed:
        return _about(view, "leave", here=here)
    told, words = request.form.get("reason", ""), request.form.get("words", "")
    try:
        is_kept = reasons.tell(token, told, words)
    except Invalid as error:
        typed = {"reason": told, "words": words[: 2 * reasons.MOST_CHARACTERS]}
        problem = error.field or "reason"
        return _about(view, "left", 422, here=here, receipt=None, typed=typed, problem=problem)
    return _about(view, "left", here=here, receipt=None, is_thanked=is_kept)


@pages.errorhandler(Unavailable)
def written_down(error: Unavailable) -> Response:
    """The database is away: the journal has the wish, and the answer is never a false "done"."""
    return error_page(
        503, _("Your wish is written down, but we cannot carry it out just now. Please try again.")
    )


@pages.errorhandler(NobodyKnown)
def nobody_known(error: NobodyKnown) -> Response:
    """Ours, and nobody's any more. Whoever looks is told so; to whoever leaves it is neither "done"
    nor "no such link"."""
    answer = error_page(410, lost_link())
    answer.status_code = 410 if request.method == "POST" else 200
    return answer


@pages.after_request
def open_to_every_origin(answer: Response) -> Response:
    """Mail programs post from pages of their own; no cookie is ever read here."""
    if request.method in ("POST", "OPTIONS"):
        answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


def _result_page(token: str, receipt: Receipt, status: int) -> Response:
    """What was done, and the way back. The "no" is stored: no fault here may deny it (T42)."""
    try:
        view = links.look(token, asked_language()) or abort(404)
        return _about(view, "left", status, receipt=receipt, handed_over=_handed_over(receipt))
    except Exception as error:
        log.error("result_page_failed", kind=type(error).__name__, where=places(error))
        return _plain(status)


def _about(view: LeaveView, name: str, status: int = 200, **values: object) -> Response:
    speak_to(view.language)
    topic = ", ".join(view.topics) or _("all messages")
    return show_personal(name, status, view=view, topic=topic, **values)


def _plain(status: int) -> Response:
    answer = make_response(DONE, status)
    answer.mimetype = "text/plain"
    return personal(answer)


def _document(receipt: Receipt) -> dict[str, object]:
    return {
        "receipt": receipt.id,
        "topic": receipt.topic,
        "recorded_at": receipt.recorded_at.isoformat(),
        "in_flight": receipt.in_flight,
    }


def _handed_over(receipt: Receipt) -> datetime | None:
    """When the first message that can no longer be recalled was handed over."""
    times = [datetime.fromisoformat(one["handed_over_at"]) for one in receipt.in_flight]
    return min(times, default=None)


def _is_own_page() -> bool:
    """Whether our own page posted. Nothing longer is read: a body may be slow, huge or broken."""
    return request.content_length == len(OWN_FORM) and request.get_data() == OWN_FORM
