"""Destruction in the studio: what goes and what stays, the decision, its cooling-off, the deed."""

from datetime import date

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from mailing.base.database import db
from mailing.base.errors import Invalid, Missing
from mailing.base.languages import gettext
from mailing.requests import carrying, granting, holds, planning
from mailing.requests.requests import Request, find
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor


@studio.get("/requests/<int:request_id>/destruction")
@needs(Act.DESTROY_PEOPLE)
def request_destruction(request_id: int) -> str:
    return _page(find(request_id))


@studio.post("/requests/<int:request_id>/destruction/approve")
@needs(Act.DESTROY_PEOPLE)
def request_destruction_approve(request_id: int) -> Response:
    """The first who says yes decides; a second one approves."""
    granting.approve(request_id, actor())
    db.session.commit()
    return _to(request_id)


@studio.post("/requests/<int:request_id>/destruction/expedite")
@needs(Act.DESTROY_PEOPLE)
def request_destruction_expedite(request_id: int) -> ResponseReturnValue:
    try:
        granting.expedite(request_id, request.form.get("reason", ""), actor())
    except Invalid as refusal:
        return _again(request_id, refusal)
    db.session.commit()
    return _to(request_id)


@studio.post("/requests/<int:request_id>/destruction/call-off")
@needs(Act.DESTROY_PEOPLE)
def request_destruction_call_off(request_id: int) -> Response:
    granting.call_off(request_id, actor())
    db.session.commit()
    flash(gettext("The decision is called off. Nothing has gone."), "done")
    return _to(request_id)


@studio.post("/requests/<int:request_id>/destruction/carry-out")
@needs(Act.DESTROY_PEOPLE)
def request_destruction_carry_out(request_id: int) -> ResponseReturnValue:
    """Whoever destroys types the number of the request: nobody does it by a slip."""
    if request.form.get("number", "").strip() != find(request_id).number:
        wrong = gettext("Type the number of this request, as it stands above.")
        return _again(request_id, Invalid(wrong, "number"))
    done = carrying.carry_out(request_id, actor())
    return redirect(url_for("studio.request_certificate", certificate=done.number), 303)


@studio.post("/requests/<int:request_id>/destruction/hold")
@needs(Act.DESTROY_PEOPLE)
def request_destruction_hold(request_id: int) -> ResponseReturnValue:
    asked = find(request_id)
    form = request.form
    try:
        if asked.subscriber_id is not None:
            kept = holds.KEEPABLE if form.get("kept") == "letters" else ()
            basis, until = form.get("basis", ""), _day(form.get("until", ""))
            holds.place(asked.subscriber_id, basis, until, actor(), kept)
    except Invalid as refusal:
        return _again(request_id, refusal)
    db.session.commit()
    return _to(request_id)


@studio.post("/requests/<int:request_id>/destruction/lift")
@needs(Act.DESTROY_PEOPLE)
def request_destruction_lift(request_id: int) -> Response:
    hold = holds.find(request.form.get("hold", 0, int))
    if hold.subscriber_id != find(request_id).subscriber_id:
        raise Missing(gettext("This hold is not on the person of this request."))
    holds.lift(hold.id, actor())
    db.session.commit()
    return _to(request_id)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(gettext("Enter the day, like 2027-03-31."), "until") from None


def _page(asked: Request, errors: dict[str, str] | None = None) -> str:
    return render_template(
        "pages/studio/destruction.html",
        asked=asked,
        plan=planning.of(asked, actor()),
        errors=errors or {},
    )


def _again(request_id: int, refusal: Invalid) -> ResponseReturnValue:
    db.session.rollback()
    return _page(find(request_id), {refusal.field or "number": refusal.message}), 422


def _to(request_id: int) -> Response:
    return redirect(url_for("studio.request_destruction", request_id=request_id), 303)
