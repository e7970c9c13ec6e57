"""The brand of messages: a name and a logo in their head, and the colour of links and buttons."""

from dataclasses import replace

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.languages import LANGUAGES, gettext
from mailing.base.settings import current
from mailing.campaigns import brands, images
from mailing.campaigns.brands import Wish
from mailing.deliveries import shades, specimen
from mailing.staff.permissions import Act
from webapp.studio.blueprint import fresh, needs, studio
from webapp.studio.identity import actor
from webapp.studio.preview_pages import FRAME_POLICY


@studio.get("/settings/brand")
@needs(Act.CHANGE_SETTINGS)
def settings_brand() -> str:
    return _page(_held(), {})


@studio.post("/settings/brand")
@needs(Act.CHANGE_SETTINGS)
@fresh
def settings_brand_save() -> ResponseReturnValue:
    typed = replace(
        _held(), name=request.form.get("name", ""), accent=request.form.get("accent", "")
    )
    try:
        brands.change(_with_logo(typed), actor())
    except Invalid as refusal:
        db.session.rollback()
        return _page(typed, {_FIELDS.get(refusal.field or "", "name"): refusal.message}), 422
    db.session.commit()
    flash(gettext("Saved."), "done")
    return redirect(url_for("studio.settings_brand"), 303)


@studio.get("/settings/brand/frame")
@needs(Act.CHANGE_SETTINGS)
def settings_brand_frame() -> Response:
    """A message that says nothing, in a frame without rights."""
    asked = request.args.get("language", "")
    answer = make_response(specimen.page(asked if asked in LANGUAGES else LANGUAGES[0]))
    policy = FRAME_POLICY.format(images=current().public_url)
    answer.headers["Content-Security-Policy"] = policy
    return answer


_FIELDS = {"name": "name", "accent": "accent", "image": "logo"}


def _held() -> Wish:
    return brands.wish_of(brands.at(clock.now()))


def _with_logo(typed: Wish) -> Wish:
    file = request.files.get("logo")
    if file and file.filename:
        name = images.keep(file.read(images.LARGEST_FILE + 1), file.filename, actor())
        return replace(typed, logo=name)
    return replace(typed, logo=None) if request.form.get("no_logo") else typed


def _page(typed: Wish, errors: dict[str, str]) -> str:
    held = _held()
    return render_template(
        "pages/studio/settings_brand.html",
        typed=typed,
        held=held,
        errors=errors,
        seen=brands.seen(held.accent),
        is_lost=bool(held.logo) and shades.is_lost_by_name(held.logo),
        tongues=LANGUAGES,
        longest=brands.LONGEST_NAME,
    )
