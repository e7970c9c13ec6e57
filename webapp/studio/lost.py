"""An address under /studio that is no page: whoever has a login is shown the way back."""

from flask import make_response, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from mailing.base.languages import gettext
from webapp.studio.blueprint import studio
from webapp.studio.guard import keep_private
from webapp.studio.identity import whoever
from webapp.studio.shell import surroundings


@studio.before_app_request
def lost() -> Response | None:
    """Strangers get the public page, which tells nothing of the studio."""
    is_lost = isinstance(request.routing_exception, NotFound)
    if not is_lost or not request.path.startswith("/studio/") or whoever() is None:
        return None
    page = render_template(
        "pages/studio/refused.html",
        status=404,
        sentence=gettext("Look at the address, or go on from the campaigns."),
        **surroundings(),
    )
    return keep_private(make_response(page, 404))
