"""The report of a campaign that is over: whom it reached, whom not and why, what followed."""

from collections.abc import Iterator
from typing import Any

from flask import Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from mailing.base.sheets import sheet
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries import aftermath, clicks, comparing, failures, rest
from mailing.deliveries.aftermath import HOURS, Aftermath
from mailing.staff.permissions import Act
from webapp.studio import charts
from webapp.studio.attached import attached
from webapp.studio.blueprint import needs, studio
from webapp.studio.campaigns import OVER
from webapp.studio.figures import Figures, compared, figures_of

# Per cent of those who got it: what mail providers begin to ask about.
LEFT_LIMIT = 1.0
COMPLAINED_LIMIT = 0.1
HEADS = ("hour", "unsubscribed", "complained")


@studio.get("/campaigns/<int:campaign_id>/report")
@needs(Act.READ_CAMPAIGNS)
def campaign_report(campaign_id: int) -> ResponseReturnValue:
    campaign = campaigns.find(campaign_id)
    if campaign.state not in OVER or campaign.audience is None:
        return redirect(url_for("studio.campaign_page", campaign_id=campaign_id), 303)
    figures = figures_of(campaign_id)
    return render_template(
        "pages/studio/report.html",
        campaign=campaigns.find(campaign_id),
        figures=figures,
        unaccounted=_unaccounted(figures),
        missed=_missed(campaign, figures),
        rest=rest.number(figures.number("refused"), figures.held),
        failures=failures.of(campaign_id),
        clicks=clicks.of(campaign),
        **_what_followed(campaign, figures),
    )


@studio.get("/campaigns/<int:campaign_id>/report/hours.csv")
@needs(Act.READ_CAMPAIGNS)
def campaign_report_hours(campaign_id: int) -> Response:
    """The hours after the start as a sheet: numbers alone, nobody's address."""
    followed = aftermath.of(campaigns.find(campaign_id))
    name = f"campaign-{campaign_id}-hours.csv"
    return attached(sheet(HEADS, _hours(followed)), "text/csv", name)


def _unaccounted(figures: Figures) -> int:
    """Those of whom nobody can say what became of their message, though it is over."""
    ends = ("accepted", "refused", "uncertain", "held")
    return figures.audience - sum(figures.number(name) for name in ends)


def _missed(campaign: Campaign, figures: Figures) -> list[tuple[str, int, int]]:
    """`(reason, before the start, since)` of everybody considered who did not get it."""
    before: dict[str, int] = campaign.held_at_start
    since = dict(figures.held)
    others = ("refused", "uncertain", "pending", "sending", "deferred")
    since |= {name: number for name in others if (number := figures.number(name))}
    names = sorted({*before, *since}, key=lambda one: -before.get(one, 0) - since.get(one, 0))
    return [(name, before.get(name, 0), since.get(name, 0)) for name in names]


def _what_followed(campaign: Campaign, figures: Figures) -> dict[str, Any]:
    accepted = figures.number("accepted")
    followed = aftermath.of(campaign)
    earlier = comparing.before(campaign)
    own, *others = compared([campaign, *earlier])
    return {
        "followed": followed,
        "hours": list(_hours(followed)),
        "left": charts.curve(followed.left, HOURS, accepted * LEFT_LIMIT / 100),
        "complained": charts.curve(followed.complained, HOURS, accepted * COMPLAINED_LIMIT / 100),
        "own": own,
        "before": list(zip(earlier, others, strict=True)),
        "usual_reached": comparing.usual(others, lambda one: one.reached),
    }


def _hours(followed: Aftermath) -> Iterator[tuple[int, int, int]]:
    rows = zip(followed.left, followed.complained, strict=True)
    return ((hour, *row) for hour, row in enumerate(rows, 1))
