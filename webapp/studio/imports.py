"""Imports: upload a file, say which column is which, look at the dry run, import, watch."""

from flask import redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from mailing.base.database import db
from mailing.base.errors import Invalid, KelisimError, Missing
from mailing.base.languages import gettext
from mailing.people import topics
from mailing.people.imports import running, state, uploads
from mailing.people.imports.report import Outcome
from mailing.people.imports.state import Import, State
from mailing.people.imports.table import COLUMNS
from mailing.people.topics import NOTICES, Topic
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.columns import read_mapping, suggested
from webapp.studio.hints import hinted
from webapp.studio.identity import actor
from webapp.studio.sentences import spoken_sentence
from webapp.studio.uploading import LARGEST, received

SHOWN = 50


@studio.get("/imports")
@needs(Act.IMPORT_PEOPLE)
def import_list() -> str:
    return _list({})


@studio.post("/imports")
@needs(Act.IMPORT_PEOPLE)
def import_upload() -> ResponseReturnValue:
    """Keep the file, sealed, and go on to its columns."""
    try:
        part = received()
        if part is None:
            raise Invalid(gettext("Choose the file that holds the people."), "file")
        kept = uploads.keep(part, request.form.get("topic", ""), actor())
    except (Invalid, Missing) as refusal:
        db.session.rollback()
        return _list({_field(refusal): _sentence(refusal)}), 422
    db.session.commit()
    return _to(kept.id)


@studio.get("/imports/<int:import_id>")
@needs(Act.IMPORT_PEOPLE)
def import_page(import_id: int) -> str:
    return _page(state.find(import_id), {})


@studio.post("/imports/<int:import_id>/check")
@needs(Act.IMPORT_PEOPLE)
def import_check(import_id: int) -> ResponseReturnValue:
    """Rehearse it with the columns as they were chosen."""
    kept = state.find(import_id)
    theirs = uploads.columns(kept)
    mapping, errors = read_mapping(theirs, request.form)
    if not errors:
        try:
            uploads.check(import_id, mapping, actor())
        except Invalid as refusal:
            errors = {"column-0": spoken_sentence(refusal.message)}
    if errors:
        db.session.rollback()
        return _page(state.find(import_id), errors), 422
    db.session.commit()
    return _to(import_id)


@studio.post("/imports/<int:import_id>/start")
@needs(Act.IMPORT_PEOPLE)
def import_start(import_id: int) -> Response:
    uploads.start(import_id, actor())
    db.session.commit()
    return _to(import_id)


@studio.post("/imports/<int:import_id>/cancel")
@needs(Act.IMPORT_PEOPLE)
def import_cancel(import_id: int) -> Response:
    uploads.cancel(import_id, actor())
    db.session.commit()
    return _to(import_id)


@studio.get("/imports/<int:import_id>/errors.csv")
@needs(Act.IMPORT_PEOPLE)
def import_errors(import_id: int) -> Response:
    """The errors file, which repeats no value; the page where there is none."""
    path = uploads.errors_of(state.find(import_id))
    if not path.exists():
        return _to(import_id)
    return send_file(
        path, "text/csv; charset=utf-8", as_attachment=True, download_name=f"{path.stem}.csv"
    )


def _list(errors: dict[str, str]) -> str:
    return render_template(
        "pages/studio/imports.html",
        imports=state.latest(SHOWN),
        names=_names(),
        choices=[topic for topic in topics.all_topics() if topic.slug != NOTICES],
        chosen=request.form.get("topic", ""),
        errors=errors,
        megabytes=LARGEST // 1024 // 1024,
    )


def _page(kept: Import, errors: dict[str, str]) -> str:
    asks = kept.state == State.UPLOADED or (kept.state == State.CHECKED and "map" in request.args)
    theirs, problem = _columns(kept) if asks or errors else ([], None)
    counts = kept.rehearsal if kept.state in (State.CHECKING, State.CHECKED) else kept.counts
    return render_template(
        "pages/studio/import.html",
        kept=kept,
        topic=_names()[kept.topic_id],
        theirs=theirs,
        chosen={**suggested(theirs), **kept.mapping, **_typed(theirs)},
        ours=COLUMNS,
        theirs_by_ours={ours: theirs for theirs, ours in kept.mapping.items() if theirs},
        counts={one.value: int(counts.get(one.value, 0)) for one in Outcome},
        total=sum(kept.rehearsal.values()),
        faults=[hinted(fault) for fault in running.first_faults(kept)],
        has_errors=uploads.errors_of(kept).exists(),
        errors=errors,
        problem=spoken_sentence(problem or kept.problem or ""),
    )


def _columns(kept: Import) -> tuple[list[str], str | None]:
    try:
        return uploads.columns(kept), None
    except KelisimError as refusal:
        return [], refusal.message


def _typed(theirs: list[str]) -> dict[str, str]:
    form = request.form
    return {name: form[f"column-{n}"] for n, name in enumerate(theirs) if f"column-{n}" in form}


def _names() -> dict[int, Topic]:
    return {topic.id: topic for topic in topics.all_topics()}


def _field(refusal: KelisimError) -> str:
    return (getattr(refusal, "field", None) or "topic") if isinstance(refusal, Invalid) else "topic"


def _sentence(refusal: KelisimError) -> str:
    if isinstance(refusal, Missing):
        return gettext("Choose the topic that these people have agreed to.")
    return spoken_sentence(refusal.message)


def _to(import_id: int) -> Response:
    return redirect(url_for("studio.import_page", import_id=import_id), 303)
