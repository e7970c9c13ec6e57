"""Watching a campaign: one sentence, one bar, one table whose lines add up."""

from typing import Any

from flask import render_template

from mailing.base import clock
from mailing.base.settings import current
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import Campaign, State
from mailing.deliveries import failures, pulse
from mailing.staff.permissions import Act
from webapp.studio import charts
from webapp.studio.blueprint import needs, studio
from webapp.studio.figures import Figures, figures_of
from webapp.studio.sentences import spoken_sentence
from webapp.studio.sparing import sparingly

MOVING = frozenset({State.SCHEDULED, State.SENDING, State.PAUSED})
GOING_OUT = frozenset({State.SENDING, State.PAUSED})


@studio.get("/campaigns/<int:campaign_id>/live")
@needs(Act.READ_CAMPAIGNS)
def campaign_live(campaign_id: int) -> str:
    figures = figures_of(campaign_id)
    campaign = campaigns.find(campaign_id)
    waits = figures.status["waiting_for"]
    return render_template(
        "pages/studio/live.html",
        campaign=campaign,
        figures=figures,
        now=clock.now(),
        is_moving=figures.status["state"] in MOVING,
        waiting_for=spoken_sentence(waits) if waits else None,
        **(_pulse(campaign, figures) if figures.status["state"] in GOING_OUT else {}),
    )


def seconds_left(campaign: Campaign, figures: Figures) -> int | None:
    """How long the rest takes at the present rate; None where nothing moves."""
    waiting = figures.number("pending") + figures.number("sending")
    if campaign.state != State.SENDING or not waiting:
        return None
    return _beat(campaign).seconds_for(waiting)


def _pulse(campaign: Campaign, figures: Figures) -> dict[str, Any]:
    beat = _beat(campaign)
    limit = pulse.limit_a_minute(current())
    came_to = sparingly(("failures", campaign.id), lambda: failures.of(campaign.id))
    return {
        "beat": beat,
        "limit": limit,
        "chart": charts.bars(beat.minutes, pulse.MINUTES, limit),
        "seconds_left": seconds_left(campaign, figures),
        "failures": came_to,
    }


def _beat(campaign: Campaign) -> pulse.Pulse:
    key = ("pulse", campaign.id, campaign.state)
    return sparingly(key, lambda: pulse.of(campaign))
