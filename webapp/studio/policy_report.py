"""Who was told of a version, who was not and why, and who has left since."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.campaigns import notices
from mailing.deliveries import told
from mailing.policies import versions
from mailing.staff.permissions import Act
from webapp.studio.attached import attached
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor
from webapp.studio.policies import notice_of


@studio.get("/policies/<int:policy_id>/report")
@needs(Act.READ_POLICIES)
def policy_report(policy_id: int) -> str:
    return _page(policy_id)


@studio.post("/policies/<int:policy_id>/report")
@needs(Act.EXPORT_PEOPLE)
def policy_people(policy_id: int) -> ResponseReturnValue:
    """The people as a sheet, for a reason, which is logged with who took how much (2.7)."""
    why = request.form.get("why", "")
    notice = notices.find_for(policy_id)
    try:
        sheet = told.export(notice, why, actor())
    except Invalid as refusal:
        return _page(policy_id, why, {"why": refusal.message}), 422
    db.session.commit()
    return attached(sheet, "text/csv", f"notice-{notice.id}.csv")


def _page(policy_id: int, why: str = "", errors: dict[str, str] | None = None) -> str:
    policy = versions.find(policy_id)
    notice = notice_of(policy)
    return render_template(
        "pages/studio/policy_report.html",
        policy=policy,
        notice=notice,
        report=told.report(notice) if notice else None,
        why=why,
        errors=errors or {},
    )
