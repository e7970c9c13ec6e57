"""The composer: what is typed is kept at every press; saving makes it what the campaign says."""

from datetime import timedelta

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.base.languages import LANGUAGES, gettext
from mailing.campaigns import blocks, campaigns, images, unsaved
from mailing.campaigns.campaigns import Campaign, State
from mailing.deliveries import frames
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.brief import writing_page
from webapp.studio.composed import as_form, blocks_in, composed, press, read_button, words_of
from webapp.studio.draft import Draft, is_begun, keep
from webapp.studio.identity import actor
from webapp.studio.seen import fingerprint, is_unchanged

# Somebody who typed within this time is still at it.
_STILL_HERE = timedelta(minutes=15)


@studio.get("/campaigns/<int:campaign_id>/compose")
@needs(Act.WRITE_CAMPAIGNS)
def campaign_compose(campaign_id: int) -> ResponseReturnValue:
    campaign = campaigns.find(campaign_id)
    if writing_page(campaign) != "studio.campaign_compose":
        return redirect(url_for("studio.campaign_write", campaign_id=campaign_id), 303)
    typed = unsaved.find(campaign.id, actor().name) if campaign.state == State.DRAFT else None
    form = dict(typed.fields) if typed else as_form(campaign)
    return _page(campaign, form, composed(form), typed=typed)


@studio.post("/campaigns/<int:campaign_id>/compose")
@needs(Act.WRITE_CAMPAIGNS)
def campaign_compose_save(campaign_id: int) -> ResponseReturnValue:
    campaign, form = _draft(campaign_id), words_of(request.form)
    draft = composed(form)
    form |= _uploaded(draft)
    pressed = read_button(request.form)
    if pressed and not draft.errors:
        form, number = press(form, pressed)
        shown = f"{pressed.tongue}-{number}" if number else f"{pressed.tongue}-add"
        return _typed_on(campaign, form, pressed.tongue, shown)
    unsaved.keep(campaign.id, actor().name, form, form.get("seen", ""))
    db.session.commit()
    if draft.errors:
        return _page(campaign, form, draft), 422
    return _save(campaigns.lock(campaign_id), form)


@studio.post("/campaigns/<int:campaign_id>/compose/typed")
@needs(Act.WRITE_CAMPAIGNS)
def campaign_typed(campaign_id: int) -> ResponseReturnValue:
    """Keep what is typed, from the page's own script; what it says is shown as it is."""
    campaign, form = _draft(campaign_id), words_of(request.form)
    unsaved.keep(campaign.id, actor().name, form, form.get("seen", ""))
    db.session.commit()
    return jsonify(kept=gettext("Kept, not saved yet."), others=_others(campaign))


@studio.post("/campaigns/<int:campaign_id>/compose/forget")
@needs(Act.WRITE_CAMPAIGNS)
def campaign_forget(campaign_id: int) -> ResponseReturnValue:
    unsaved.let_go(campaigns.find(campaign_id).id, actor().name)
    db.session.commit()
    flash(gettext("What you had not saved is gone; the campaign is as it was saved."), "done")
    return redirect(url_for("studio.campaign_compose", campaign_id=campaign_id), 303)


def typed_anew(campaign_id: int) -> ResponseReturnValue:
    """The composer with all that was typed, to be looked at and saved under this login."""
    form = words_of(request.form)
    draft = composed(form)
    draft.errors = {"save": gettext("You have logged in anew. Look at it, then save it again.")}
    return _page(campaigns.find(campaign_id), form, draft), 400


def _draft(campaign_id: int) -> Campaign:
    campaign = campaigns.find(campaign_id)
    if campaign.state != State.DRAFT:
        sentence = gettext("Only a draft can be changed. Duplicate this campaign to write another.")
        raise Conflict(sentence)
    if writing_page(campaign) != "studio.campaign_compose":
        raise Conflict(gettext("This campaign is written as one text; open it anew."))
    return campaign


def _typed_on(
    campaign: Campaign, form: dict[str, str], tongue: str, shown: str
) -> ResponseReturnValue:
    unsaved.keep(campaign.id, actor().name, form, form.get("seen", ""))
    db.session.commit()
    here = url_for("studio.campaign_compose", campaign_id=campaign.id, tongue=tongue, at=shown)
    return redirect(f"{here}#{shown}", 303)


def _uploaded(draft: Draft) -> dict[str, str]:
    """The images chosen from the person's machine, kept; what is wrong is said beside the field."""
    chosen: dict[str, str] = {}
    for name, file in request.files.items():
        field = name.removesuffix("-file") + "-image"
        if file.filename:
            try:
                found = images.keep(file.read(images.LARGEST_FILE + 1), file.filename, actor())
                chosen[field] = found
            except Invalid as wrong:
                draft.errors[field] = wrong.message
    return chosen


def _save(campaign: Campaign, form: dict[str, str]) -> ResponseReturnValue:
    draft = composed(form)
    if not is_unchanged(campaign, form.get("seen")):
        return _changed_meanwhile(campaign, form, draft)
    if not draft.begun:
        sentence = gettext("Nothing is written yet: there is nothing to save.")
        draft.errors[f"{LANGUAGES[0]}-subject"] = sentence
        return _page(campaign, form, draft), 422
    kept = _keep(draft, campaign)
    if draft.errors or kept is None:
        db.session.rollback()
        return _page(campaigns.find(campaign.id), form, draft), 422
    unsaved.let_go(campaign.id, actor().name)
    db.session.commit()
    flash(gettext("Saved."), "done")
    page = "campaign_preview" if "preview" in request.form else "campaign_compose"
    return redirect(url_for(f"studio.{page}", campaign_id=campaign.id), 303)


def _keep(draft: Draft, campaign: Campaign) -> Campaign | None:
    """Keep what is written; a language emptied of everything is left out."""
    emptied = [
        body.language
        for body in campaign.bodies
        if not is_begun(draft.contents[body.language]) and body.format == "blocks"
    ]
    begun = {content.language: content for content in draft.begun}
    kept = keep(Draft(campaign.topic.slug, begun, draft.errors), campaign, actor())
    for language in emptied if kept else []:
        kept = campaigns.leave_out(campaign, language, actor())
    return kept


def _changed_meanwhile(
    campaign: Campaign, form: dict[str, str], draft: Draft
) -> ResponseReturnValue:
    """Theirs is saved, ours is in the form, both are shown; saving again is a decision."""
    sentence = gettext(
        "Somebody else has saved this campaign since you opened it. Theirs is shown below, yours is"
        " in the form and not saved: take over what you want, then save. Theirs stays among the"
        " versions."
    )
    draft.errors = {"save": sentence}
    db.session.rollback()
    fresh = campaigns.find(campaign.id)
    theirs = {
        body.language: (body.content, _read(body.content.body))
        for body in fresh.written
        if body.content != draft.contents[body.language]
    }
    return _page(fresh, form, draft, theirs=theirs), 409


def _read(body: str) -> list[blocks.Block]:
    try:
        return blocks.from_body(body)
    except Invalid:
        return [blocks.Block("text", {"text": body})]


def _others(campaign: Campaign) -> list[str]:
    found = unsaved.others(campaign.id, actor().name, clock.now() - _STILL_HERE)
    return [one.typed_by for one in found]


def _page(campaign: Campaign, form: dict[str, str], draft: Draft, **more: object) -> str:
    return render_template(
        "pages/studio/compose.html",
        campaign=campaign,
        form=form,
        draft=draft,
        errors=draft.errors,
        blocks=blocks_in(form),
        kinds=list(blocks.PARTS),
        parts_of=blocks.PARTS,
        images=images.newest(),
        fields=frames.declared(),
        others=_others(campaign),
        open_tongue=_open(draft),
        seen=_seen(campaign, form, draft),
        **{"typed": None, "theirs": None, **more},
    )


def _open(draft: Draft) -> str:
    asked = request.args.get("tongue", "")
    return asked if asked in LANGUAGES and not draft.errors else draft.open_tongue


def _seen(campaign: Campaign, form: dict[str, str], draft: Draft) -> str:
    """What the campaign said when the form was opened; what is shown beside it counts as seen."""
    return (
        fingerprint(campaign)
        if "save" in draft.errors
        else form.get("seen") or fingerprint(campaign)
    )
