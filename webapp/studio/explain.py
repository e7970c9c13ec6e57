"""Why did, or didn't, this person get it? The address is posted: no log and no link holds it."""

from flask import render_template, request

from mailing.base.database import db
from mailing.base.errors import Invalid, Missing
from mailing.base.languages import gettext
from mailing.campaigns import campaigns
from mailing.deliveries.why import Explained, why
from mailing.staff import audit
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor


@studio.get("/campaigns/<int:campaign_id>/why")
@needs(Act.SEE_PEOPLE)
def campaign_why(campaign_id: int) -> str:
    return _page(campaigns.find(campaign_id), {}, None)


@studio.post("/campaigns/<int:campaign_id>/why")
@needs(Act.SEE_PEOPLE)
def campaign_explain(campaign_id: int) -> str | tuple[str, int]:
    """Explain one address; that somebody asked is logged, about whom is not (policy 2.7)."""
    campaign = campaigns.find(campaign_id)
    explained, wrong = _explain(request.form.get("address", ""), campaign_id)
    audit.record(actor(), "person explained", f"campaign {campaign_id}")
    db.session.commit()
    page = _page(campaign, {"address": wrong} if wrong else {}, explained)
    return (page, 422) if wrong else page


def _explain(address: str, campaign_id: int) -> tuple[Explained | None, str | None]:
    try:
        return why(address, campaign_id), None
    except Missing:
        return None, gettext("Nobody with this address is known.")
    except Invalid as refusal:
        return None, refusal.message


def _page(campaign: campaigns.Campaign, errors: dict[str, str], explained: Explained | None) -> str:
    return render_template(
        "pages/studio/why.html",
        campaign=campaign,
        errors=errors,
        explained=explained,
        address=request.form.get("address", ""),
    )
