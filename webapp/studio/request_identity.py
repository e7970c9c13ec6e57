"""Who asks: a link to the address on file, or how somebody of the staff made sure."""

from flask import flash, request
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.errors import KelisimError
from mailing.base.languages import gettext
from mailing.requests import identifying
from mailing.requests.identifying import Vouching
from mailing.requests.requests import find
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor
from webapp.studio.request_view import again, draft_of, to


@studio.post("/requests/<int:request_id>/identity")
@needs(Act.ANSWER_REQUESTS)
def request_identity(request_id: int) -> ResponseReturnValue:
    find(request_id)
    try:
        identifying.ask(request_id, actor())
    except KelisimError as refusal:
        return again(request_id, draft_of(), refusal)
    db.session.commit()
    flash(gettext("The link is on its way. The clock stands still until it is answered."), "done")
    return to(request_id)


@studio.post("/requests/<int:request_id>/vouch")
@needs(Act.ANSWER_REQUESTS)
def request_vouch(request_id: int) -> ResponseReturnValue:
    find(request_id)
    try:
        identifying.vouch(request_id, Vouching(request.form.get("how", "")), actor())
    except KelisimError as refusal:
        return again(request_id, draft_of(), refusal)
    db.session.commit()
    return to(request_id)
