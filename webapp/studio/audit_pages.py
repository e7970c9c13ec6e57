"""The audit log, page by page."""

from flask import render_template, request

from mailing.staff import audit as log
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio

A_PAGE = 100


@studio.get("/audit")
@needs(Act.READ_AUDIT)
def audit_log() -> str:
    entries = log.latest(A_PAGE + 1, before=request.args.get("before", type=int))
    older = entries[A_PAGE - 1].id if len(entries) > A_PAGE else None
    return render_template("pages/studio/audit.html", entries=entries[:A_PAGE], older=older)
