"""Before any view of the studio: who is it, may they, and was the form ours."""

from urllib.parse import urlsplit

from flask import Response, make_response, redirect, render_template, request, session, url_for
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response as AnyResponse

from mailing.base.errors import NotAllowed
from mailing.staff.permissions import demand
from webapp.studio.blueprint import act_of, is_open, studio
from webapp.studio.identity import log_out, whoever

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

csrf = CSRFProtect()


@studio.before_request
def admit() -> AnyResponse | None:
    """Let through, send to the login, or refuse (NotAllowed, CSRFError)."""
    endpoint = request.endpoint or ""
    if not is_open(endpoint):
        login = whoever()
        if login is None:
            return _to_login() if request.method in SAFE else _logged_out()
        demand_act(endpoint, login.person.role)
    if request.method not in SAFE:
        csrf.protect()
    return None


def demand_act(endpoint: str, role: str) -> None:
    """Raises NotAllowed unless the route's act is one that the role may do."""
    act = act_of(endpoint)
    if act is None:
        raise NotAllowed("This page names nobody who may open it.")
    demand(role, act)


@studio.after_request
def keep_private(response: Response) -> Response:
    """Nothing of the studio is cached, framed by others, indexed or told to other sites."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("X-Robots-Tag", "noindex, nofollow")
    return response


def safe_next(target: str | None) -> str:
    """Where to go after the login: a path of the studio, whatever the link asked for."""
    home = url_for("studio.campaign_list")
    if not target or not target.startswith("/studio/") or "\\" in target:
        return home
    parts = urlsplit(target)
    return home if parts.scheme or parts.netloc else target


def _to_login() -> AnyResponse:
    if "_user_id" in session:
        log_out()
    return redirect(url_for("studio.login", next=request.full_path.rstrip("?")), 303)


def _logged_out() -> Response:
    """A form came after its login had ended: the browser still holds it, so keep it there."""
    return make_response(render_template("pages/studio/logged_out.html"), 401)
