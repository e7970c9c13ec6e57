"""The way from a campaign to the page that its state asks for, and a copy of one."""

from flask import flash, redirect, url_for
from werkzeug.wrappers import Response

from mailing.base.database import db
from mailing.base.languages import gettext
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import Campaign, State
from mailing.deliveries import rest
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.brief import writing_page
from webapp.studio.identity import actor, can

NOT_STARTED = frozenset({State.DRAFT, State.REVIEW, State.APPROVED})
OVER = frozenset({State.DONE, State.STOPPED})


@studio.get("/campaigns/<int:campaign_id>")
@needs(Act.READ_CAMPAIGNS)
def campaign_page(campaign_id: int) -> Response:
    """Where a link to a campaign leads: to writing, the last look, watching, or its report."""
    campaign = campaigns.find(campaign_id)
    if campaign.state in OVER and campaign.audience is not None:
        return redirect(url_for("studio.campaign_report", campaign_id=campaign_id), 303)
    if campaign.state not in NOT_STARTED:
        return redirect(url_for("studio.campaign_live", campaign_id=campaign_id), 303)
    if not can(Act.WRITE_CAMPAIGNS):
        return redirect(url_for("studio.campaign_ready", campaign_id=campaign_id), 303)
    page = writing_page(campaign)
    begins = "studio.campaign_brief" if page == "studio.campaign_compose" else page
    return redirect(url_for(begins, campaign_id=campaign_id), 303)


@studio.post("/campaigns/<int:campaign_id>/duplicate")
@needs(Act.WRITE_CAMPAIGNS)
def campaign_duplicate(campaign_id: int) -> Response:
    original = campaigns.find(campaign_id)
    copy = campaigns.duplicate(original, actor())
    db.session.commit()
    if original.started_at:
        flash(_goes_to_all_again(original), "warn")
    return redirect(url_for(writing_page(copy), campaign_id=copy.id), 303)


@studio.post("/campaigns/<int:campaign_id>/rest")
@needs(Act.WRITE_CAMPAIGNS)
def campaign_rest(campaign_id: int) -> Response:
    """A new draft to those whom it did not reach."""
    copy = rest.draft(campaign_id, actor())
    db.session.commit()
    flash(
        gettext(
            "This is a copy of campaign %(id)s to those whom it did not reach. Nothing is sent "
            "until somebody sends it.",
            id=campaign_id,
        ),
        "done",
    )
    return redirect(url_for("studio.campaign_audience", campaign_id=copy.id), 303)


def _goes_to_all_again(original: Campaign) -> str:
    return gettext(
        "This is a copy of campaign %(id)s; everybody who got that one gets this one too.",
        id=original.id,
    )
