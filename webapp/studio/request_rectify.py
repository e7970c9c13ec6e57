"""Putting right by the desk: what is held is opened, which is logged, and written beside it."""

from flask import flash, request
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.errors import Invalid, KelisimError
from mailing.base.languages import gettext
from mailing.requests import proposing
from mailing.requests.requests import find
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor
from webapp.studio.request_view import again, draft_of, page, to


@studio.post("/requests/<int:request_id>/data")
@needs(Act.ANSWER_REQUESTS)
def request_data(request_id: int) -> ResponseReturnValue:
    """Opening somebody's data is an act: it is posted, and logged."""
    find(request_id)
    try:
        fields = proposing.open_fields(request_id, actor())
    except KelisimError as refusal:
        return again(request_id, draft_of(), refusal)
    db.session.commit()
    return page(request_id, draft_of(), fields=fields)


@studio.post("/requests/<int:request_id>/rectify")
@needs(Act.ANSWER_REQUESTS)
def request_rectify(request_id: int) -> ResponseReturnValue:
    find(request_id)
    given = {name[4:]: value for name, value in request.form.items() if name.startswith("new-")}
    try:
        proposing.propose(request_id, given, actor())
    except Invalid as refusal:
        return _again(request_id, refusal)
    except KelisimError as refusal:
        return again(request_id, draft_of(), refusal)
    db.session.commit()
    flash(gettext("The person is asked. Nothing changes until they say yes."), "done")
    return to(request_id)


def _again(request_id: int, refusal: Invalid) -> ResponseReturnValue:
    """What was typed is kept; what is held stands beside it once more, and is logged once more."""
    db.session.rollback()
    fields = proposing.open_fields(request_id, actor())
    db.session.commit()
    wrong = {f"new-{refusal.field or proposing.EMAIL}": refusal.message}
    return page(request_id, draft_of(), errors=wrong, fields=fields), 422
