"""Forms: where people say yes. A changed form is a new version; old evidence keeps the old one."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.languages import LANGUAGES, gettext, spoken
from mailing.base.settings import current
from mailing.people import forms, origins, topics
from mailing.people.open_form import NotOpen
from mailing.people.snippet import snippet
from mailing.staff import audit
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.form_draft import FormDraft, keep, typed, written
from webapp.studio.identity import actor


@studio.get("/forms")
@needs(Act.READ_FORMS)
def form_list() -> str:
    rows = [(form, forms.current(form)) for form in forms.all_forms()]
    return render_template("pages/studio/forms.html", rows=rows)


@studio.get("/forms/new")
@needs(Act.WRITE_FORMS)
def form_new() -> str:
    return _write(FormDraft(), None)


@studio.post("/forms/new")
@needs(Act.WRITE_FORMS)
def form_create() -> ResponseReturnValue:
    return _keep(typed(request.form), None)


@studio.get("/forms/<form_slug>")
@needs(Act.READ_FORMS)
def form_page(form_slug: str) -> str:
    """One form: its sites, its words, and the HTML to copy."""
    form = forms.find(form_slug)
    version = forms.current(form)
    asked = request.args.get("copy", spoken())
    language = asked if asked in LANGUAGES else spoken()
    return render_template(
        "pages/studio/form.html",
        form=form,
        version=version,
        versions=forms.versions_of(form),
        refused=origins.missing_variants(version.origins),
        language=language,
        html=_html(form_slug, language),
        hosted=f"{current().public_url}/join/{form.slug}",
    )


@studio.get("/forms/<form_slug>/change")
@needs(Act.WRITE_FORMS)
def form_change(form_slug: str) -> str:
    form = forms.find(form_slug)
    return _write(written(form), form.slug)


@studio.post("/forms/<form_slug>/change")
@needs(Act.WRITE_FORMS)
def form_save(form_slug: str) -> ResponseReturnValue:
    return _keep(typed(request.form), forms.find(form_slug).slug)


def _keep(draft: FormDraft, slug: str | None) -> ResponseReturnValue:
    """Keep what was typed; whatever is wrong comes back beside it, and nothing is lost."""
    kept = keep(draft, slug)
    if kept is None:
        db.session.rollback()
        return _write(draft, slug), 422
    number = forms.current(kept).version
    audit.record(actor(), "form registered", f"form {kept.slug}", version=number)
    db.session.commit()
    flash(gettext("Saved: version %(number)s.", number=number), "done")
    return redirect(url_for("studio.form_page", form_slug=kept.slug), 303)


def _write(draft: FormDraft, slug: str | None) -> str:
    choices = [topic for topic in topics.all_topics() if topic.slug != topics.NOTICES]
    return render_template(
        "pages/studio/form_write.html", draft=draft, errors=draft.errors, slug=slug, choices=choices
    )


def _html(slug: str, language: str) -> str | NotOpen:
    """The snippet, or why there is none yet."""
    try:
        return snippet(slug, language)
    except NotOpen as why:
        return why
