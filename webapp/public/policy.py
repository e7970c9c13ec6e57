"""The operator's policy: every published version, word for word."""

from datetime import date
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort

from mailing.base import clock
from mailing.base.languages import gettext as _
from mailing.base.languages import spoken
from mailing.base.settings import current
from mailing.policies import versions
from mailing.policies.versions import PolicyVersion
from webapp.errors import page as error_page
from webapp.public.page import show

pages = Blueprint("policy", __name__)


@pages.get("/")
def home() -> Response:
    """Who this is, and where their policy stands."""
    return show("home", policy=_in_force())


@pages.get("/policy")
def now() -> Response:
    """The version in force today."""
    policy = _in_force()
    if policy is None:
        return error_page(404, _("No personal data policy has been published yet."))
    return _page(policy)


@pages.get("/policy/<ref>")
def version(ref: str) -> Response:
    """One published version, by its id, its label or the SHA-256 of a text."""
    found = versions.find(ref)
    if found.published_at is None:
        abort(404)
    return _page(found)


def _page(policy: PolicyVersion) -> Response:
    text, in_force = versions.text_in(policy, spoken()), _in_force()
    return show(
        "policy",
        policy=policy,
        text=text,
        words=text.content.decode("utf-8"),
        texts=versions.texts(policy),
        in_force_id=in_force.id if in_force else None,
        is_future=policy.effective_on > _today(),
        published=versions.published(),
    )


def _in_force() -> PolicyVersion | None:
    return versions.current(_today())


def _today() -> date:
    return clock.now().astimezone(ZoneInfo(current().time_zone)).date()
