"""The operator's policy: every published version, word for word."""

from datetime import date

from flask import Blueprint, Response, abort

from mailing.base import clock
from mailing.base.languages import gettext as _
from mailing.base.languages import spoken
from mailing.base.settings import current
from mailing.policies import versions
from mailing.policies.texts import PolicyText
from mailing.policies.versions import PolicyVersion
from webapp.errors import page as error_page
from webapp.public.changes import Change, between
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
    before = _before(policy)
    return show(
        "policy",
        policy=policy,
        text=text,
        words=_words(text),
        texts=versions.texts(policy),
        in_force_id=in_force.id if in_force else None,
        is_future=policy.effective_on > _today(),
        before=before,
        changes=_changes(before, text),
        published=versions.published(),
    )


def _before(policy: PolicyVersion) -> PolicyVersion | None:
    """The version published before this one."""
    newest_first = versions.published()
    place = [one.id for one in newest_first].index(policy.id) + 1
    return newest_first[place] if place < len(newest_first) else None


def _changes(before: PolicyVersion | None, text: PolicyText) -> list[Change] | None:
    """None where there is nothing to compare with: no version before, or not in this language."""
    older = versions.text_in(before, text.language) if before else None
    if older is None or older.language != text.language:
        return None
    return between(_words(older), _words(text))


def _words(text: PolicyText) -> str:
    return text.content.decode("utf-8").removeprefix("\ufeff")


def _in_force() -> PolicyVersion | None:
    return versions.current(_today())


def _today() -> date:
    return clock.today(current().time_zone)
