"""The operator's policy: every published version, word for word."""

from dataclasses import dataclass

from flask import Blueprint, Response, abort, request

from mailing.base.languages import LANGUAGES, spoken
from mailing.base.languages import gettext as _
from mailing.policies import history, reading, versions
from mailing.policies.declared import added, field_name, purpose_name
from mailing.policies.texts import Format, PolicyText
from mailing.policies.versions import PolicyVersion
from webapp.errors import page as error_page
from webapp.public.changes import Change, between
from webapp.public.page import show

pages = Blueprint("policy", __name__)


@pages.get("/")
def home() -> Response:
    """Who this is, and where their policy stands."""
    return show("home", policy=versions.in_force())


@pages.get("/policy")
def now() -> Response:
    """The version in force today."""
    policy = versions.in_force()
    if policy is None:
        return error_page(404, _("No personal data policy has been published yet."))
    return _page(policy)


@pages.get("/policy/<ref>")
def version(ref: str) -> Response:
    """One published version, by its id, its label or the SHA-256 of a text; `?compare=` names
    another, in the same ways, from which the differences are shown."""
    found = _published(ref)
    asked = request.args.get("compare")
    return _page(found, _published(asked) if asked else None)


@dataclass(frozen=True)
class Comparison:
    """Two versions in one language. `changes` is None for texts too long to compare while
    somebody waits; `language` for versions that share none."""

    before: PolicyVersion
    language: str | None
    changes: tuple[Change, ...] | None = None


def _published(ref: str) -> PolicyVersion:
    found = versions.find(ref)
    if found.published_at is None:
        abort(404)
    return found


def _page(policy: PolicyVersion, other: PolicyVersion | None = None) -> Response:
    text = versions.text_in(policy, spoken())
    before = other or versions.before(policy)
    return show(
        "policy",
        policy=policy,
        text=text,
        words=text.words,
        readable=reading.readable(text.words) if text.format == Format.MARKDOWN else None,
        texts=versions.texts(policy),
        comparison=compare(before, policy) if before and before.id != policy.id else None,
        added=added(policy, [before] if before else []),
        purpose_name=purpose_name,
        field_name=field_name,
        kept=f"compare={other.id}&" if other else "",
        chapters={one.policy.id: one for one in history.chapters()},
    )


def compare(before: PolicyVersion, after: PolicyVersion) -> Comparison:
    """What `after` says that `before` did not, in the language spoken where both have it."""
    old, new = _by_language(before), _by_language(after)
    both = [language for language in (spoken(), *LANGUAGES) if language in old and language in new]
    if not both:
        return Comparison(before, None)
    return Comparison(before, both[0], between(old[both[0]].words, new[both[0]].words))


def _by_language(policy: PolicyVersion) -> dict[str, PolicyText]:
    return {text.language: text for text in versions.texts(policy)}
