"""The staff list, for admins. Adding somebody stays on the command line."""

from flask import render_template

from mailing.staff import staff
from mailing.staff.permissions import PERMISSIONS, Act
from mailing.staff.staff import Role
from webapp.studio.blueprint import needs, studio


@studio.get("/staff")
@needs(Act.READ_STAFF)
def staff_list() -> str:
    return render_template(
        "pages/studio/staff.html",
        everybody=staff.everybody(),
        roles=list(Role),
        permissions=PERMISSIONS,
    )
