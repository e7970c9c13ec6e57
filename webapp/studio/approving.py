"""Approval: asking a colleague, their yes or their no, and taking it back to change something."""

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response

from mailing.base.database import db
from mailing.base.languages import gettext
from mailing.campaigns import approvals
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor


@studio.post("/campaigns/<int:campaign_id>/ask")
@needs(Act.WRITE_CAMPAIGNS)
def campaign_ask(campaign_id: int) -> Response:
    approvals.ask(campaign_id, actor(), request.form.get("note", ""))
    return _done(
        campaign_id, gettext("A colleague can approve it now. Until then it cannot change.")
    )


@studio.post("/campaigns/<int:campaign_id>/approve")
@needs(Act.APPROVE_CAMPAIGNS)
def campaign_approve(campaign_id: int) -> Response:
    """A yes to what the page showed, and to nothing else."""
    approvals.approve(campaign_id, actor(), request.form.get("seen", ""))
    return _done(campaign_id, gettext("Approved. Whatever changes from here on ends the approval."))


@studio.post("/campaigns/<int:campaign_id>/send-back")
@needs(Act.APPROVE_CAMPAIGNS)
def campaign_send_back(campaign_id: int) -> Response:
    approvals.send_back(campaign_id, actor(), request.form.get("note", ""))
    return _done(campaign_id, gettext("Sent back. It is a draft again."))


@studio.post("/campaigns/<int:campaign_id>/take-back")
@needs(Act.WRITE_CAMPAIGNS)
def campaign_take_back(campaign_id: int) -> Response:
    approvals.take_back(campaign_id, actor())
    return _done(campaign_id, gettext("It is a draft again, and can be changed."))


def _done(campaign_id: int, said: str) -> Response:
    db.session.commit()
    flash(said, "done")
    return redirect(url_for("studio.campaign_ready", campaign_id=campaign_id), 303)
