"""Summaries: what a version changes, in the officer's own words, for its notice and its page."""

import re

from mailing.base.errors import Conflict, Invalid
from mailing.base.languages import LANGUAGES
from mailing.policies import versions
from mailing.policies.versions import PolicyVersion

LONGEST = 4000  # characters

_BROKEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_MERGES = re.compile(r"\{[{%#]")


def summarise(policy: PolicyVersion, summaries: dict[str, str]) -> None:
    """Say in Markdown what the version changes; an empty text takes a language's summary back.

    Raises `Invalid` for a text that cannot be, `Conflict` once the version is published: people
    agree to it with these words before them.
    """
    versions.hold()
    told = {**policy.summaries, **{one: _clean(one, text) for one, text in summaries.items()}}
    kept = {language: told[language] for language in LANGUAGES if told.get(language)}
    if kept == policy.summaries:
        return
    if policy.published_at is not None:
        raise Conflict(f"Version {policy.label} is published; its summary stands.")
    policy.summaries = kept


def _clean(language: str, text: str) -> str:
    field = f"{language}-summary"
    if language not in LANGUAGES:
        raise Invalid(f"A summary's language is one of {', '.join(LANGUAGES)}.", field)
    tidy = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(tidy) > LONGEST:
        raise Invalid(f"A summary has {LONGEST} characters at the most.", field)
    if _BROKEN.search(tidy) or _MERGES.search(tidy):
        raise Invalid("A summary is plain Markdown, without merge tags and controls.", field)
    return tidy
