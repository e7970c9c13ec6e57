"""The incident register: breaches of personal data, their clock, and lines that only grow."""

from datetime import datetime

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Invalid, KelisimError
from mailing.base.languages import gettext
from mailing.base.settings import current
from mailing.requests import incidents
from mailing.requests.incidents import Line, Nature, NewIncident
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor
from webapp.studio.moments import moment

# What is written by hand; that it was opened says itself.
WRITTEN = (
    Line.NOTED,
    Line.REPORTED,
    Line.EXEMPT,
    Line.TOLD,
    Line.CLOSED,
    Line.REOPENED,
)


@studio.get("/registers/incidents")
@needs(Act.KEEP_REGISTERS)
def request_incidents() -> str:
    return _register({})


@studio.post("/registers/incidents")
@needs(Act.KEEP_REGISTERS)
def request_incident_new() -> ResponseReturnValue:
    try:
        made = incidents.record(_new(), actor())
    except Invalid as refusal:
        db.session.rollback()
        return _register({_field(refusal): refusal.message}), 422
    db.session.commit()
    return _to(made.id)


@studio.get("/registers/incidents/<int:incident_id>")
@needs(Act.KEEP_REGISTERS)
def request_incident(incident_id: int) -> str:
    return _page(incident_id, {})


@studio.post("/registers/incidents/<int:incident_id>")
@needs(Act.KEEP_REGISTERS)
def request_incident_add(incident_id: int) -> ResponseReturnValue:
    incidents.find(incident_id)
    asked = request.form.get("what", "")
    try:
        if asked not in WRITTEN:
            raise Invalid(gettext("Choose what the line says."), field="what")
        incidents.add(incident_id, Line(asked), request.form.get("words", ""), actor())
    except KelisimError as refusal:
        db.session.rollback()
        status = 422 if isinstance(refusal, Invalid) else 409
        return _page(
            incident_id, {getattr(refusal, "field", None) or "what": refusal.message}
        ), status
    db.session.commit()
    return _to(incident_id)


def _new() -> NewIncident:
    nature, people = request.form.get("nature", ""), request.form.get("people", "").strip()
    if nature not in set(Nature):
        raise Invalid(gettext("Choose what happened to the data."), field="nature")
    if people and not (people.isdecimal() and len(people) < 10):
        raise Invalid(gettext("Enter a number of people, or leave it empty."), field="people")
    return NewIncident(
        title=request.form.get("title", ""),
        nature=Nature(nature),
        words=request.form.get("words", ""),
        people=int(people) if people else None,
        detected_at=_detected(),
    )


def _detected() -> datetime | None:
    day, hour = (request.form.get(name, "") for name in ("day", "hour"))
    return moment(day, hour, current().time_zone)


def _field(refusal: Invalid) -> str:
    """The day and the hour are two fields of one moment."""
    return "day" if refusal.field in ("at", "detected") else refusal.field or "title"


def _register(errors: dict[str, str]) -> str:
    return render_template(
        "pages/studio/incidents.html",
        found=incidents.everything(),
        natures=list(Nature),
        errors=errors,
        typed=request.form,
        today=clock.today(current().time_zone).isoformat(),
    )


def _page(incident_id: int, errors: dict[str, str]) -> str:
    found = incidents.find(incident_id)
    is_closed = found.state == incidents.State.CLOSED
    able = [one for one in WRITTEN if _may_say(one, found, is_closed)]
    return render_template(
        "pages/studio/incident.html",
        found=found,
        lines=incidents.lines_of(incident_id),
        able=able,
        errors=errors,
        typed=request.form,
    )


def _may_say(what: Line, found: incidents.Incident, is_closed: bool) -> bool:
    if what is Line.REPORTED:
        return not is_closed and found.reported_at is None
    able = {
        Line.EXEMPT: found.is_owed,
        Line.CLOSED: not is_closed and not found.is_owed,
        Line.REOPENED: is_closed,
    }
    return able.get(what, True)


def _to(incident_id: int) -> Response:
    return redirect(url_for("studio.request_incident", incident_id=incident_id), 303)
