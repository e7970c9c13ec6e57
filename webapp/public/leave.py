"""Leaving: the one-click of mail programs (RFC 8058), and the page with one button for people.

The same address serves both. A GET changes nothing, a POST needs nothing but the address.
"""

import structlog
from flask import Blueprint, Response, abort, jsonify, make_response, request

from mailing.leaving import leave
from mailing.leaving.leave import Receipt
from webapp.headers import personal
from webapp.public.page import show_personal, speak_to

pages = Blueprint("leave", __name__)

# Seconds that an answer may wait for what is in flight (enforcement.md, "Leaving").
MACHINE, PERSON = 1.0, 2.0
OWN_FORM = b"page=1"
DONE = "Жазылым тоқтатылды. Вы отписаны. You are unsubscribed.\n"

log = structlog.get_logger()


@pages.get("/u/<token>")
def ask(token: str) -> Response:
    """One button; or, for who has left already, what is so."""
    view = leave.look(token) or abort(404)
    speak_to(view.language)
    return show_personal("leave" if view.is_subscribed else "left", view=view, receipt=None)


@pages.post("/u/<token>")
def one_click(token: str) -> Response:
    """Leave. No cookie, no CSRF, no look at the body: RFC 8058 3.1 and 3.2."""
    receipt = leave.by_token(token, PERSON if _is_own_page() else MACHINE) or abort(404)
    return _open_to_all(_answer(token, receipt))


@pages.route("/u/<token>", methods=["OPTIONS"], provide_automatic_options=False)
def preflight(token: str) -> Response:
    """Some mail programs post from a browser (T43): any origin may."""
    answer = make_response("", 204)
    answer.headers["Allow"] = "GET, HEAD, OPTIONS, POST"
    answer.headers["Access-Control-Allow-Methods"] = "GET, HEAD, POST"
    answer.headers["Access-Control-Allow-Headers"] = "*"
    return _open_to_all(answer)


@pages.post("/u/<token>/undo")
def undo(token: str) -> Response:
    """Take it back within the day: an entry of its own, and the page says what is so now."""
    is_back = leave.undo(token)
    view = leave.look(token) or abort(404)
    speak_to(view.language)
    here = f"/u/{token}"
    return show_personal("undone" if is_back else "too_late", view=view, here=here)


def _answer(token: str, receipt: Receipt) -> Response:
    """200 when nothing more can come, 202 when a message is named that still may."""
    status = 202 if receipt.in_flight else 200
    if request.accept_mimetypes.best == "application/json":
        return make_response(jsonify(_document(receipt)), status)
    if _is_own_page():
        return _result_page(token, receipt, status)
    return _plain(status)


def _result_page(token: str, receipt: Receipt, status: int) -> Response:
    """What was done, and the way back. The "no" is stored: no fault here may deny it (T42)."""
    try:
        view = leave.look(token) or abort(404)
        speak_to(view.language)
        return show_personal("left", status, view=view, receipt=receipt)
    except Exception as error:
        log.error("result_page_failed", kind=type(error).__name__, exc_info=error)
        return _plain(status)


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


def _is_own_page() -> bool:
    """Whether our own page posted. Nothing longer is read: a body may be slow, huge or broken."""
    if request.content_length != len(OWN_FORM):
        return False
    return request.get_data() == OWN_FORM


def _open_to_all(answer: Response) -> Response:
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer
