"""The audience ledger: every considered person in exactly one line, and the people of a line."""

from itertools import islice

from flask import render_template, request

from mailing.base.database import db
from mailing.base.errors import Missing
from mailing.campaigns import audience, campaigns
from mailing.campaigns.campaigns import Campaign
from mailing.people.verdict import Reason
from mailing.staff import audit
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor
from webapp.studio.masking import masked

A_PAGE = 100
RECEIVERS = "will_receive"


@studio.get("/campaigns/<int:campaign_id>/audience")
@needs(Act.COUNT_AUDIENCES)
def campaign_audience(campaign_id: int) -> str:
    campaign = campaigns.find(campaign_id)
    return render_template(
        "pages/studio/audience.html", campaign=campaign, audience=audience.count(campaign)
    )


@studio.get("/campaigns/<int:campaign_id>/audience/<reason>")
@needs(Act.SEE_PEOPLE)
def campaign_people(campaign_id: int, reason: str) -> str:
    """One page of the people of a line, addresses masked; who looked is logged (policy 2.7)."""
    campaign, page = campaigns.find(campaign_id), max(1, request.args.get("page", 1, type=int))
    rows = _people(campaign, reason, page)
    shown = [masked(address) if address else None for address in rows[:A_PAGE]]
    audit.record(actor(), "people seen", f"campaign {campaign_id}", line=reason, rows=len(shown))
    db.session.commit()
    return render_template(
        "pages/studio/people.html",
        campaign=campaign,
        reason=reason,
        people=shown,
        page=page,
        has_more=len(rows) > A_PAGE,
    )


def _people(campaign: Campaign, reason: str, page: int) -> list[str]:
    """The addresses of one page and one more; raises Missing for a line that cannot be."""
    if reason not in {RECEIVERS, *Reason}:
        raise Missing(f"No line of the ledger is called {reason}.")
    found = audience.people(campaign, reason)
    return [address for address, _ in islice(found, (page - 1) * A_PAGE, page * A_PAGE + 1)]
