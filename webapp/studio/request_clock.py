"""The clock of a request: it stands still, goes on, or is given more time."""

from datetime import date

from flask import flash, request
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.errors import Invalid, KelisimError
from mailing.base.languages import gettext
from mailing.requests import extending, pausing
from mailing.requests.extending import Extension
from mailing.requests.kinds import PauseReason
from mailing.requests.requests import find
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor
from webapp.studio.request_view import again, draft_of, to


@studio.post("/requests/<int:request_id>/pause")
@needs(Act.ANSWER_REQUESTS)
def request_pause(request_id: int) -> ResponseReturnValue:
    find(request_id)
    asked = request.form.get("pause", "")
    try:
        if asked not in set(PauseReason):
            raise Invalid(gettext("Choose what is waited for."), field="pause")
        pausing.pause(request_id, PauseReason(asked), actor())
    except KelisimError as refusal:
        return again(request_id, draft_of(), refusal)
    db.session.commit()
    return to(request_id)


@studio.post("/requests/<int:request_id>/resume")
@needs(Act.ANSWER_REQUESTS)
def request_resume(request_id: int) -> ResponseReturnValue:
    pausing.resume(request_id, actor())
    db.session.commit()
    return to(request_id)


@studio.post("/requests/<int:request_id>/extend")
@needs(Act.ANSWER_REQUESTS)
def request_extend(request_id: int) -> ResponseReturnValue:
    """A later day, once; the person is told why."""
    find(request_id)
    try:
        words = request.form.get("extend-words", "")
        extending.extend(request_id, Extension(_until(), words), actor())
    except KelisimError as refusal:
        return again(request_id, draft_of(), _named(refusal))
    db.session.commit()
    flash(gettext("The new date is kept, and the person is told of it."), "done")
    return to(request_id)


def _until() -> date:
    try:
        return date.fromisoformat(request.form.get("until", "").strip())
    except ValueError:
        raise Invalid(gettext("Enter a day like 2026-11-27."), field="until") from None


def _named(refusal: KelisimError) -> KelisimError:
    """The reason has a field of its own on this page."""
    if getattr(refusal, "field", None) == "words":
        return Invalid(refusal.message, field="extend-words")
    return refusal
