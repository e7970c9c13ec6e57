"""The way in."""

from flask import redirect, url_for
from werkzeug.wrappers import Response

from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio


@studio.get("/")
@needs(Act.READ_CAMPAIGNS)
def home() -> Response:
    return redirect(url_for("studio.campaign_list"), 303)
