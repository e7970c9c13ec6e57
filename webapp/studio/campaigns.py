"""The campaign list, and the way from a campaign to the page that its state asks for."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from mailing.base.database import db
from mailing.base.languages import gettext
from mailing.base.settings import current
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import Campaign, State
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.brief import writing_page
from webapp.studio.figures import Figures, figures_in_list
from webapp.studio.identity import actor, can

TABS: dict[str, tuple[State, ...]] = {
    "drafts": (State.DRAFT, State.REVIEW, State.APPROVED),
    "scheduled": (State.SCHEDULED,),
    "sending": (State.SENDING, State.PAUSED),
    "sent": (State.DONE, State.STOPPED),
}
A_PAGE = 25
NOT_STARTED = frozenset({State.DRAFT, State.REVIEW, State.APPROVED})


@studio.get("/campaigns")
@needs(Act.READ_CAMPAIGNS)
def campaign_list() -> str:
    counts = _tab_counts()
    tab = request.args.get("tab", "")
    tab = tab if tab in TABS else _busiest(counts)
    page = max(1, request.args.get("page", 1, type=int))
    found = campaigns.by_state(*TABS[tab])[(page - 1) * A_PAGE : page * A_PAGE]
    return render_template(
        "pages/studio/campaigns.html",
        rows=[(campaign, _figures(campaign)) for campaign in found],
        counts=counts,
        tab=tab,
        page=page,
        pages=-(-counts[tab] // A_PAGE),
        holding_seconds=current().holding_seconds,
    )


@studio.get("/campaigns/<int:campaign_id>")
@needs(Act.READ_CAMPAIGNS)
def campaign_page(campaign_id: int) -> Response:
    """Where a link to a campaign leads: to writing, to the last look, or to watching."""
    campaign = campaigns.find(campaign_id)
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


def _goes_to_all_again(original: Campaign) -> str:
    return gettext(
        "This is a copy of campaign %(id)s; everybody who got that one gets this one too.",
        id=original.id,
    )


def _tab_counts() -> dict[str, int]:
    by_state = campaigns.count_by_state()
    return {tab: sum(by_state.get(state, 0) for state in states) for tab, states in TABS.items()}


def _busiest(counts: dict[str, int]) -> str:
    """The tab to open with: what is going out, else what is being written, else what is there."""
    order = ("sending", "scheduled", "drafts", "sent")
    return next((tab for tab in order if counts[tab]), "drafts")


def _figures(campaign: Campaign) -> Figures | None:
    return figures_in_list(campaign) if campaign.audience is not None else None
