"""Policy versions: what is published, and publishing what has been imported."""

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from mailing.base.database import db
from mailing.base.errors import Missing
from mailing.base.languages import gettext
from mailing.campaigns import notices
from mailing.campaigns.campaigns import Campaign
from mailing.policies import versions
from mailing.policies.versions import PolicyVersion
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor


@studio.get("/policies")
@needs(Act.READ_POLICIES)
def policy_list() -> str:
    rows = [
        (policy, versions.texts(policy), _notice(policy))
        for policy in reversed(versions.all_versions())
    ]
    return render_template("pages/studio/policies.html", rows=rows)


@studio.post("/policies/<int:policy_id>/publish")
@needs(Act.PUBLISH_POLICIES)
def policy_publish(policy_id: int) -> Response:
    """Publish; a material version drafts the notice that tells people (policy 7.2)."""
    notice = notices.publish(versions.find(policy_id), actor())
    db.session.commit()
    flash(gettext("Published."), "done")
    if notice is None:
        return redirect(url_for("studio.policy_list"), 303)
    return redirect(url_for("studio.campaign_page", campaign_id=notice.id), 303)


def _notice(policy: PolicyVersion) -> Campaign | None:
    try:
        return notices.find_for(policy.id)
    except Missing:
        return None
