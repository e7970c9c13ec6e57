"""Watching a campaign: one sentence, one bar, one table whose lines add up."""

from flask import render_template

from mailing.base import clock
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import State
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.figures import figures_of

MOVING = frozenset({State.SCHEDULED, State.SENDING, State.PAUSED})


@studio.get("/campaigns/<int:campaign_id>/live")
@needs(Act.READ_CAMPAIGNS)
def campaign_live(campaign_id: int) -> str:
    figures = figures_of(campaign_id)
    campaign = campaigns.find(campaign_id)
    return render_template(
        "pages/studio/live.html",
        campaign=campaign,
        figures=figures,
        now=clock.now(),
        is_moving=figures.status["state"] in MOVING,
    )
