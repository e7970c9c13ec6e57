"""Counting clicks: allowed in the settings, chosen for a draft, and taken along as a sheet."""

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.languages import gettext
from mailing.base.sheets import sheet
from mailing.campaigns import campaigns, counting
from mailing.deliveries import clicks
from mailing.staff.permissions import Act
from webapp.studio.attached import attached
from webapp.studio.blueprint import fresh, needs, studio
from webapp.studio.identity import actor

HEADS = ("language", "number", "words", "target", "people", "machines")


@studio.post("/settings/clicks")
@needs(Act.CHANGE_SETTINGS)
@fresh
def settings_clicks() -> ResponseReturnValue:
    counting.switch(request.form.get("count") == "yes", actor())
    db.session.commit()
    flash(gettext("Saved."), "done")
    return redirect(url_for("studio.settings_home") + "#clicks", 303)


@studio.post("/campaigns/<int:campaign_id>/clicks")
@needs(Act.WRITE_CAMPAIGNS)
def campaign_count_clicks(campaign_id: int) -> ResponseReturnValue:
    counting.choose(campaign_id, request.form.get("count") == "yes", actor())
    db.session.commit()
    flash(gettext("Saved."), "done")
    return redirect(url_for("studio.campaign_brief", campaign_id=campaign_id) + "#clicks", 303)


@studio.get("/campaigns/<int:campaign_id>/report/clicks.csv")
@needs(Act.READ_CAMPAIGNS)
def campaign_report_clicks(campaign_id: int) -> Response:
    """The clicks on each link as a sheet: sums alone, nobody's doing."""
    lines = clicks.of(campaigns.find(campaign_id)).lines
    rows = [[getattr(line, name) for name in HEADS] for line in lines]
    return attached(sheet(HEADS, rows), "text/csv", f"campaign-{campaign_id}-clicks.csv")
