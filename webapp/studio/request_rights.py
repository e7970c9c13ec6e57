"""The decisions on the rights of a request, and what else it asks for."""

from flask import flash, request
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.errors import Invalid, KelisimError
from mailing.base.languages import gettext
from mailing.requests import acting, merging, rights, rulings
from mailing.requests.kinds import Kind, Ruling
from mailing.requests.requests import find, named
from mailing.requests.rulings import Ruled
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor
from webapp.studio.request_view import again, draft_of, to


@studio.post("/requests/<int:request_id>/rule")
@needs(Act.ANSWER_REQUESTS)
def request_rule(request_id: int) -> ResponseReturnValue:
    """The button says which right; its fields bear the right's name."""
    find(request_id)
    asked = request.form.get("right", "")
    try:
        if asked not in set(Kind):
            raise Invalid(gettext("Choose on what you decide."), field="right")
        rulings.rule(rights.named(request_id, Kind(asked)).id, _ruled(asked), actor())
    except KelisimError as refusal:
        return again(request_id, draft_of(), _at(refusal, asked))
    db.session.commit()
    flash(gettext("It is decided. Nothing is mailed by that: send the answer below."), "done")
    return to(request_id)


@studio.post("/requests/<int:request_id>/more")
@needs(Act.ANSWER_REQUESTS)
def request_more(request_id: int) -> ResponseReturnValue:
    """Something else that the same letter asks for."""
    find(request_id)
    asked = request.form.get("more", "")
    try:
        if asked not in set(Kind):
            raise Invalid(gettext("Choose what else is asked for."), field="more")
        acting.add_right(request_id, Kind(asked), actor())
    except KelisimError as refusal:
        return again(request_id, draft_of(), refusal)
    db.session.commit()
    return to(request_id)


@studio.post("/requests/<int:request_id>/merge")
@needs(Act.ANSWER_REQUESTS)
def request_merge(request_id: int) -> ResponseReturnValue:
    """Asked for already: it is answered with the other."""
    find(request_id)
    try:
        stays = merging.merge(request_id, named(request.form.get("into", "")).id, actor())
    except KelisimError as refusal:
        return again(request_id, draft_of(), refusal)
    db.session.commit()
    return to(stays.id)


def _ruled(kind: str) -> Ruled:
    asked = request.form.get(f"{kind}-ruling", "")
    if asked not in set(Ruling):
        raise Invalid(gettext("Choose a decision."), field="ruling")
    ground, words = (request.form.get(f"{kind}-{name}", "") for name in ("ground", "words"))
    return Ruled(Ruling(asked), ground, words)


def _at(refusal: KelisimError, kind: str) -> KelisimError:
    """The same refusal, at the field of its right."""
    field = getattr(refusal, "field", None)
    if isinstance(refusal, Invalid) and field != "right":
        return Invalid(refusal.message, field=f"{kind}-{field or 'ruling'}")
    return refusal
