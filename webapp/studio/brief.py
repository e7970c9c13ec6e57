"""The brief: what a campaign needs before it can be sent, in any order, each with its way there."""

from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.languages import gettext
from mailing.base.settings import current
from mailing.campaigns import campaigns, counting
from mailing.campaigns.campaigns import Campaign, CampaignBody, Kind, State
from mailing.campaigns.content import Format
from mailing.deliveries import laying
from mailing.people import topics
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor


@dataclass(frozen=True)
class Row:
    """One row of the brief: is it done, and in which languages it is not."""

    name: str
    is_done: bool
    missing: list[str]
    change: str | None


@studio.get("/campaigns/<int:campaign_id>/brief")
@needs(Act.READ_CAMPAIGNS)
def campaign_brief(campaign_id: int) -> str:
    campaign = campaigns.find(campaign_id)
    return render_template(
        "pages/studio/brief.html",
        campaign=campaign,
        rows=_rows(campaign),
        sender=current().from_,
        writing=writing_page(campaign),
        counting_is_on=counting.is_on(),
        fewest=laying.FEWEST,
        looked=laying.look(campaign) if counting.is_wanted(campaign) else [],
    )


@studio.get("/campaigns/<int:campaign_id>/to")
@needs(Act.WRITE_CAMPAIGNS)
def campaign_to(campaign_id: int) -> str:
    campaign = campaigns.find(campaign_id)
    return render_template("pages/studio/brief_to.html", campaign=campaign, choices=_choices())


@studio.post("/campaigns/<int:campaign_id>/to")
@needs(Act.WRITE_CAMPAIGNS)
def campaign_readdress(campaign_id: int) -> ResponseReturnValue:
    campaigns.address(campaigns.find(campaign_id), request.form.get("topic", ""), actor())
    db.session.commit()
    flash(gettext("Saved."), "done")
    return redirect(url_for("studio.campaign_brief", campaign_id=campaign_id), 303)


def writing_page(campaign: Campaign) -> str:
    """Where it is written: blocks have a page of their own."""
    is_blocks = any(body.format == Format.BLOCKS for body in campaign.bodies)
    return "studio.campaign_compose" if is_blocks else "studio.campaign_write"


def _rows(campaign: Campaign) -> list[Row]:
    is_draft, write = campaign.state == State.DRAFT, writing_page(campaign)
    here = url_for(write, campaign_id=campaign.id) if is_draft else None
    first = campaign.written[0].language
    to = url_for("studio.campaign_to", campaign_id=campaign.id) if is_draft else None
    return [
        Row("to", True, [], to if campaign.kind == Kind.CAMPAIGN else None),
        # One address for all campaigns, of the installation: nothing to change here.
        Row("from", bool(current().from_), [], None),
        _of(campaign, "subject", here and f"{here}#{first}-subject"),
        _of(campaign, "content", here and f"{here}#{first}-body"),
    ]


def _of(campaign: Campaign, name: str, change: str | None) -> Row:
    missing = [body.language for body in campaign.written if not _has(body, name)]
    return Row(name, not missing, missing, change)


def _has(body: CampaignBody, name: str) -> bool:
    return bool((body.subject if name == "subject" else body.body).strip())


def _choices() -> list[topics.Topic]:
    return [topic for topic in topics.all_topics() if topic.slug != topics.NOTICES]
