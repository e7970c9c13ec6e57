"""The bundle of a request: have it made, look at it, leave out what is somebody else's, release."""

from io import BytesIO
from uuid import UUID
from zipfile import ZipFile

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid, Missing
from mailing.base.languages import gettext
from mailing.deliveries.deliveries import Delivery
from mailing.requests import requests
from mailing.requests.bundles import making, releasing, state
from mailing.requests.bundles.state import Bundle
from mailing.requests.requests import Request
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor

# Somebody's data as a page: it may lay itself out, and nothing more.
PAGE_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


@studio.get("/requests/<int:request_id>/bundle")
@needs(Act.ANSWER_REQUESTS)
def request_bundle(request_id: int) -> str:
    return _page(requests.find(request_id))


@studio.post("/requests/<int:request_id>/bundle")
@needs(Act.ANSWER_REQUESTS)
def request_bundle_order(request_id: int) -> ResponseReturnValue:
    asked = requests.find(request_id)
    try:
        making.order(asked, actor())
    except Missing:
        return _page(asked, {"order": gettext("Nobody is known by this request.")}), 422
    db.session.commit()
    return _to(request_id)


@studio.post("/requests/<int:request_id>/bundle/look")
@needs(Act.ANSWER_REQUESTS)
def request_bundle_look(request_id: int) -> ResponseReturnValue:
    """The page that lies in the file, as the person will read it. Looking is an act, and logged."""
    file = releasing.preview(_newest(request_id).id, actor())
    db.session.commit()
    with ZipFile(BytesIO(file)) as archive:
        answer = make_response(archive.read("data.html"))
    answer.headers["Content-Security-Policy"] = PAGE_POLICY
    return answer


@studio.post("/requests/<int:request_id>/bundle/cut")
@needs(Act.ANSWER_REQUESTS)
def request_bundle_cut(request_id: int) -> ResponseReturnValue:
    parts, reason = request.form.getlist("part"), request.form.get("reason", "")
    bundle = _newest(request_id)
    try:
        releasing.leave_out(bundle.id, parts, reason, actor())
    except Invalid:
        db.session.rollback()
        wrong = {"reason": gettext("Say why these parts are left out; the person reads it.")}
        return _page(requests.find(request_id), wrong), 422
    db.session.commit()
    return _to(request_id)


@studio.post("/requests/<int:request_id>/bundle/release")
@needs(Act.ANSWER_REQUESTS)
def request_bundle_release(request_id: int) -> Response:
    releasing.release(_newest(request_id).id, actor())
    db.session.commit()
    flash(gettext("The link is on its way to the address on file."), "done")
    return _to(request_id)


def _newest(request_id: int) -> Bundle:
    """Raises Missing without a request, Conflict where none was made for it."""
    found = state.of_request(requests.find(request_id).id)
    if not found:
        raise Conflict(gettext("No bundle was made for this request."))
    return found[0]


def _page(asked: Request, errors: dict[str, str] | None = None) -> str:
    bundle = next(iter(state.of_request(asked.id)), None)
    cut, reason = bundle.what_is_left_out if bundle else (frozenset[str](), "")
    return render_template(
        "pages/studio/bundle.html",
        asked=asked,
        bundle=bundle,
        parts_shown=releasing.parts_of(bundle) if bundle and bundle.state == "ready" else [],
        cut=set(request.form.getlist("part")) if errors else cut,
        reason=request.form.get("reason", reason),
        delivery=_delivery(bundle.delivery_id) if bundle and bundle.delivery_id else None,
        errors=errors or {},
    )


def _delivery(delivery_id: UUID) -> Delivery | None:
    return db.session.get(Delivery, delivery_id)


def _to(request_id: int) -> Response:
    return redirect(url_for("studio.request_bundle", request_id=request_id), 303)
