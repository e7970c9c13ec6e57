"""Images of messages: the same address for everybody who opens one, and it tells us nothing.

No cookie is read or set, nothing is counted. The address is the hash of what is served, so it may
be kept for ever, and a browser is told to take it for an image and for nothing else.
"""

from flask import Blueprint, make_response, request
from werkzeug.wrappers import Response

from mailing.campaigns import images

pages = Blueprint("images", __name__)

A_YEAR = 365 * 24 * 3600


@pages.get("/images/<name>")
def image(name: str) -> Response:
    """The octets, once for a browser: whoever has them already gets 304."""
    found = images.find(name)
    answer = make_response(found.content)
    answer.headers["Content-Type"] = found.media_type
    answer.headers["Content-Disposition"] = "inline"
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    # Mail programs and the studio's preview, a frame without an origin, show it on pages of theirs.
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    answer.set_etag(name[:32])
    return answer.make_conditional(request)
