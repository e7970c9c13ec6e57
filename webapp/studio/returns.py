"""What came back: bounces and complaints, storms to decide, reports that did nothing."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from mailing.base.database import db
from mailing.base.languages import gettext
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries import returns, storms
from mailing.deliveries.returns import OfCampaign
from mailing.inbound import outcomes
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor


@studio.get("/returns")
@needs(Act.DECIDE_BOUNCES)
def returns_page() -> str:
    number = request.args.get("campaign", type=int)
    return render_template(
        "pages/studio/returns.html",
        campaign=campaigns.find(number) if number else None,
        rows=returns.by_provider(number) if number else [],
        campaigns=[] if number else _campaigns(),
        storms=storms.undecided(),
        ignored=outcomes.ignored(),
    )


def _campaigns() -> list[tuple[Campaign, OfCampaign]]:
    """Each campaign of which something came back, with how much."""
    return [(campaigns.find(one.campaign_id), one) for one in returns.by_campaign()]


@studio.post("/returns/<int:storm_id>/suppress")
@needs(Act.DECIDE_BOUNCES)
def returns_suppress(storm_id: int) -> Response:
    storms.decide(storm_id, True, actor())
    db.session.commit()
    flash(gettext("They are suppressed: nobody writes to these mailboxes any more."), "done")
    return redirect(url_for("studio.returns_page"), 303)


@studio.post("/returns/<int:storm_id>/forget")
@needs(Act.DECIDE_BOUNCES)
def returns_forget(storm_id: int) -> Response:
    storms.decide(storm_id, False, actor())
    db.session.commit()
    flash(gettext("They are forgotten: these bounces count against nobody."), "done")
    return redirect(url_for("studio.returns_page"), 303)
