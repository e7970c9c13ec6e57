"""Disclosures that a law demands: asked for by one, approved by another, then taken along."""

from dataclasses import dataclass, field
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.languages import gettext
from mailing.requests import remarks
from mailing.requests.disclosures import deciding, exporting, state
from mailing.requests.disclosures.deciding import FIELDS, Wish
from mailing.requests.disclosures.state import Grounds
from mailing.staff.permissions import Act
from webapp.studio.attached import attached
from webapp.studio.blueprint import fresh, needs, studio
from webapp.studio.identity import actor


@dataclass
class Typed:
    """The form as it was filled in; errors by the name of the field."""

    basis: str = ""
    authority: str = ""
    reason: str = ""
    people: str = ""
    fields: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)


@studio.get("/requests/disclosures")
@needs(Act.EXPORT_PEOPLE)
def request_disclosures() -> str:
    return _page(Typed())


@studio.post("/requests/disclosures")
@needs(Act.EXPORT_PEOPLE)
def request_disclosure_ask() -> ResponseReturnValue:
    typed = _typed()
    grounds = Grounds(typed.basis, typed.authority, typed.reason)
    addresses = tuple(typed.people.replace(",", "\n").splitlines())
    try:
        deciding.ask(Wish(grounds, tuple(typed.fields), addresses), actor())
    except Invalid as refusal:
        db.session.rollback()
        name = refusal.field or "basis"
        is_named = isinstance(refusal, remarks.Named)
        typed.errors[name] = refusal.message if is_named else _problem(name)
        return _page(typed), 422
    db.session.commit()
    return _back()


@studio.post("/requests/disclosures/<uuid:disclosure_id>/approve")
@needs(Act.EXPORT_PEOPLE)
@fresh
def request_disclosure_approve(disclosure_id: UUID) -> Response:
    deciding.approve(disclosure_id, actor())
    db.session.commit()
    return _back()


@studio.post("/requests/disclosures/<uuid:disclosure_id>/refuse")
@needs(Act.EXPORT_PEOPLE)
def request_disclosure_refuse(disclosure_id: UUID) -> Response:
    deciding.refuse(disclosure_id, actor())
    db.session.commit()
    return _back()


@studio.post("/requests/disclosures/<uuid:disclosure_id>/export")
@needs(Act.EXPORT_PEOPLE)
@fresh
def request_disclosure_export(disclosure_id: UUID) -> Response:
    asked, written = exporting.export(disclosure_id, actor())
    db.session.commit()
    return attached(written.encode(), "text/csv", f"disclosure-{asked.id}.csv")


def _typed() -> Typed:
    given = request.form
    said = {name: given.get(name, "").strip() for name in ("basis", "authority", "reason")}
    return Typed(
        said["basis"],
        said["authority"],
        said["reason"],
        given.get("people", ""),
        given.getlist("fields"),
    )


def _problem(name: str) -> str:
    """The sentence beside the field, in the language spoken."""
    return {
        "basis": gettext("Name the law and its article, in up to 1,000 characters."),
        "authority": gettext("Name who receives the data, in up to 1,000 characters."),
        "reason": gettext("Say what for, in up to 1,000 characters."),
        "fields": gettext("Choose which data are demanded."),
        "people": gettext("Enter the address of each person, one a line; each must be known."),
    }[name]


def _page(typed: Typed) -> str:
    return render_template(
        "pages/studio/disclosures.html",
        typed=typed,
        errors=typed.errors,
        fields=FIELDS,
        found=state.newest(),
        own=actor().name,
    )


def _back() -> Response:
    return redirect(url_for("studio.request_disclosures"), 303)
