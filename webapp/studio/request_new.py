"""A request that came on paper or by telephone, written down on somebody's behalf."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from flask import render_template, request
from flask.typing import ResponseReturnValue

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.languages import gettext
from mailing.base.settings import current
from mailing.requests import registering
from mailing.requests.kinds import RIGHTS, Channel, Kind
from mailing.requests.registering import Asking
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor
from webapp.studio.request_view import to


@studio.get("/requests/new")
@needs(Act.ANSWER_REQUESTS)
def request_new() -> str:
    return _page({})


@studio.post("/requests/new")
@needs(Act.ANSWER_REQUESTS)
def request_register() -> ResponseReturnValue:
    try:
        made = registering.register(_asking(), _channel(), actor(), _came())
    except Invalid as refusal:
        db.session.rollback()
        return _page({refusal.field or "right": refusal.message}), 422
    db.session.commit()
    return to(made.id)


def _asking() -> Asking:
    chosen = request.form.getlist("right")
    return Asking(
        rights=tuple(kind for kind in RIGHTS if kind in chosen),
        email=request.form.get("email", ""),
        words=request.form.get("told", ""),
        language=request.form.get("language") or None,
    )


def _channel() -> Channel:
    asked = request.form.get("channel", "")
    if asked not in set(Channel):
        raise Invalid(gettext("Say by which way it came."), field="channel")
    return Channel(asked)


def _came() -> datetime:
    """The day on which it came: now for today, else its noon where the operator is."""
    zone = current().time_zone
    try:
        day = date.fromisoformat(request.form.get("came", "").strip())
    except ValueError:
        raise Invalid(gettext("Enter a day like 2026-11-27."), field="came") from None
    if day == clock.today(zone):
        return clock.now()
    return datetime.combine(day, time(12), ZoneInfo(zone)).astimezone(UTC)


def _page(errors: dict[str, str]) -> str:
    typed: Any = request.form
    return render_template(
        "pages/studio/request_new.html",
        errors=errors,
        typed=typed,
        chosen=request.form.getlist("right"),
        kinds=[Kind(one) for one in RIGHTS],
        channels=[Channel.LETTER, Channel.STAFF],
        came=request.form.get("came") or clock.today(current().time_zone).isoformat(),
    )
