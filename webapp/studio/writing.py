"""Writing a campaign: a topic, and subject, preview text and body in up to three languages."""

from dataclasses import replace

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.errors import Conflict
from mailing.base.languages import LANGUAGES, gettext
from mailing.campaigns import blocks, campaigns
from mailing.campaigns.content import Content, Format
from mailing.people import topics
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.brief import writing_page
from webapp.studio.draft import Draft, begin, keep, typed, written
from webapp.studio.identity import actor
from webapp.studio.seen import fingerprint, is_unchanged


@studio.get("/campaigns/new")
@needs(Act.WRITE_CAMPAIGNS)
def campaign_new() -> str:
    return _page(Draft(topic=request.args.get("topic", "")))


@studio.post("/campaigns/new")
@needs(Act.WRITE_CAMPAIGNS)
def campaign_create() -> ResponseReturnValue:
    return _keep(typed(request.form), None)


@studio.post("/campaigns/begin")
@needs(Act.WRITE_CAMPAIGNS)
def campaign_begin() -> ResponseReturnValue:
    """A draft of blocks with its topic alone; a text that was typed becomes its first block."""
    draft = typed(request.form)
    draft.errors = {}
    begun = draft.begun or [draft.contents[LANGUAGES[0]]]
    draft.contents = {one.language: _in_blocks(one) for one in begun}
    kept = begin(draft, actor())
    if kept is None:
        db.session.rollback()
        return _page(Draft(draft.topic, typed(request.form).contents, draft.errors)), 422
    db.session.commit()
    return redirect(url_for("studio.campaign_brief", campaign_id=kept.id), 303)


@studio.get("/campaigns/<int:campaign_id>/write")
@needs(Act.WRITE_CAMPAIGNS)
def campaign_write(campaign_id: int) -> ResponseReturnValue:
    campaign = campaigns.find(campaign_id)
    if writing_page(campaign) != "studio.campaign_write":
        return redirect(url_for("studio.campaign_compose", campaign_id=campaign_id), 303)
    return _page(written(campaign), campaign)


@studio.post("/campaigns/<int:campaign_id>/write")
@needs(Act.WRITE_CAMPAIGNS)
def campaign_save(campaign_id: int) -> ResponseReturnValue:
    campaign, draft = campaigns.lock(campaign_id), typed(request.form)
    if writing_page(campaign) != "studio.campaign_write":
        raise Conflict(gettext("This campaign is written in blocks now; open it anew."))
    if not is_unchanged(campaign, request.form.get("seen")):
        return _changed_meanwhile(draft, campaign)
    return _keep(draft, campaign)


def typed_again() -> ResponseReturnValue:
    """The form with all that was typed in it, to be looked at and saved under this login."""
    draft = typed(request.form)
    draft.errors = {"save": gettext("You have logged in anew. Look at it, then save it again.")}
    number = (request.view_args or {}).get("campaign_id")
    return _page(draft, campaigns.find(number) if number else None), 400


def _in_blocks(content: Content) -> Content:
    said = [blocks.Block("text", {"text": content.body})] if content.body.strip() else []
    return replace(content, body=blocks.to_body(said), format=Format.BLOCKS.value)


def _changed_meanwhile(draft: Draft, campaign: campaigns.Campaign) -> ResponseReturnValue:
    """Their words stand, ours are still in the form; saving again is a decision."""
    sentence = gettext(
        "Somebody else has saved this campaign since you opened it. What you typed is below and"
        " not saved: look at theirs in another tab, then save to put yours in its place."
    )
    draft.errors = {"save": sentence}
    return _page(draft, campaign), 409


def _keep(draft: Draft, campaign: campaigns.Campaign | None) -> ResponseReturnValue:
    """Save what was typed; whatever is wrong comes back beside it, and nothing is lost."""
    kept = keep(draft, campaign, actor())
    if kept is None:
        db.session.rollback()
        return _page(draft, campaign), 422
    db.session.commit()
    flash(gettext("Saved."), "done")
    page = "campaign_preview" if "preview" in request.form else "campaign_write"
    return redirect(url_for(f"studio.{page}", campaign_id=kept.id), 303)


def _page(draft: Draft, campaign: campaigns.Campaign | None = None) -> str:
    choices = [topic for topic in topics.all_topics() if topic.slug != topics.NOTICES]
    return render_template(
        "pages/studio/write.html",
        draft=draft,
        errors=draft.errors,
        campaign=campaign,
        choices=choices,
        seen=fingerprint(campaign) if campaign else "",
        name_in=topics.name_in,
    )
