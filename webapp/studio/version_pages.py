"""Saved versions of a campaign: who, when, what it said; one of them taken up again."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.base.languages import gettext
from mailing.campaigns import blocks, campaigns, history, unsaved
from mailing.campaigns.content import Content, Format
from mailing.deliveries import drafts
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.brief import writing_page
from webapp.studio.identity import actor


@studio.get("/campaigns/<int:campaign_id>/versions")
@needs(Act.READ_CAMPAIGNS)
def campaign_versions(campaign_id: int) -> str:
    campaign = campaigns.find(campaign_id)
    kept = history.of(campaign.id)
    newest = {version.language: version.number for version in reversed(kept)}
    return render_template(
        "pages/studio/versions.html", campaign=campaign, kept=kept, newest=newest
    )


@studio.get("/campaigns/<int:campaign_id>/versions/<int:number>")
@needs(Act.READ_CAMPAIGNS)
def campaign_version(campaign_id: int, number: int) -> str:
    version = history.find(campaign_id, number)
    return render_template(
        "pages/studio/version.html",
        campaign=campaigns.find(campaign_id),
        version=version,
        found=_blocks(version.content),
        parts_of=blocks.PARTS,
    )


@studio.post("/campaigns/<int:campaign_id>/versions/<int:number>/restore")
@needs(Act.WRITE_CAMPAIGNS)
def campaign_restore(campaign_id: int, number: int) -> ResponseReturnValue:
    """What it said then is what it says now, as a new version; nothing in between is lost."""
    campaign, version = campaigns.find(campaign_id), history.find(campaign_id, number)
    try:
        drafts.edit(campaign, version.content, actor())
    except Invalid as wrong:
        # It compiled once; a policy published since may declare other fields.
        raise Conflict(wrong.message) from None
    unsaved.let_go(campaign_id, actor().name)
    db.session.commit()
    flash(gettext("Version %(number)s is what the campaign says again.", number=number), "done")
    return redirect(url_for(writing_page(campaign), campaign_id=campaign_id), 303)


def _blocks(content: Content) -> list[blocks.Block]:
    if content.format == Format.BLOCKS:
        return blocks.from_body(content.body)
    return [blocks.Block("text", {"text": content.body})]
