"""Before any view of the studio: who is it, may they, was the form ours, and is it still them."""

from urllib.parse import urlsplit

from flask import Response, make_response, redirect, render_template, request, session, url_for
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response as AnyResponse

from mailing.base.errors import NotAllowed
from mailing.staff import second_factor
from mailing.staff.permissions import demand
from mailing.staff.staff import Staff
from webapp.studio import proof
from webapp.studio.blueprint import act_of, is_open, is_setting_up, studio, wants_proof
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
        if _owes_second_factor(login.person, endpoint):
            return redirect(url_for("studio.second_factor_page"), 303)
    if request.method not in SAFE:
        csrf.protect()
    return proof.asked_for() if wants_proof(endpoint) else None


def _owes_second_factor(person: Staff, endpoint: str) -> bool:
    """Whether everybody has to have one, and this person has not set it up yet."""
    if second_factor.is_on(person) or is_setting_up(endpoint):
        return False
    return second_factor.is_demanded()


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
    home = url_for("studio.home")
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
