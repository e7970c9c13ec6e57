"""Wordings: what our answers say, in versions. A version that was once used is never edited; a
changed sentence is a file with the next number.

`templates/answers/SLUG.VERSION.toml` holds the subject and text by language, with places that
are filled in: `$number`, `$received`, `$due`, `$link`, and `$words` for what the officer writes.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

from mailing.base.errors import Invalid, Missing
from mailing.base.languages import SOURCE
from mailing.base.settings import ROOT

FOLDER = ROOT / "templates" / "answers"
RECEIVED = "received"
BY_FORM = "received_form"
ANSWERED = "answered"
# What goes by itself, or with an act of its own that fills it in.
BY_A_VERB = frozenset({RECEIVED, BY_FORM, "extended", "identity_link", "confirm_change"})
# Whoever gets one of these has something to do; the request waits for them.
ASKING = frozenset({"need_identity"})
LONGEST = 10_000

_NAME = re.compile(r"([a-z_]+)\.(\d+)\.toml")
_BROKEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Wording:
    """One version in one language."""

    slug: str
    version: int
    language: str
    subject: str
    text: str

    @property
    def takes_words(self) -> bool:
        """Whether the officer has to write something into it."""
        return "$words" in self.text

    def filled(self, values: Mapping[str, str]) -> tuple[str, str]:
        """Subject and text with their places filled; what is filled in is never read again."""
        return (
            _filled(self.subject, values),
            _filled(self.text, values).strip(),
        )


def slugs() -> list[str]:
    """What can be said by hand, the freest first."""
    return sorted(set(_versions()) - BY_A_VERB, key=lambda slug: (slug != ANSWERED, slug))


def newest(slug: str, language: str) -> Wording:
    """The newest version, in English where it does not speak the language; raises Missing."""
    found = _versions().get(slug)
    if found is None:
        raise Missing(f"There is no template {slug}; there are {', '.join(slugs())}.")
    version, path = found
    told = _read(path)
    tongue = language if language in told else SOURCE
    return Wording(slug, version, tongue, told[tongue]["subject"], told[tongue]["text"])


def words_of(text: str) -> str:
    """What an officer wrote, as it may stand in a mail; raises Invalid."""
    tidy = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").strip()
    if not tidy:
        raise Invalid("Write what the answer says.", field="words")
    if len(tidy) > LONGEST:
        raise Invalid(f"An answer has {LONGEST} characters at the most.", field="words")
    if broken(tidy):
        raise Invalid("Enter plain text; a character in it cannot be sent.", field="words")
    return tidy


def broken(text: str) -> bool:
    """Whether a character in it could break out of its line."""
    return _BROKEN.search(text) is not None


def _filled(text: str, values: Mapping[str, str]) -> str:
    """A value with a full stop of its own, as a Russian date has, ends the sentence by itself."""
    for name, value in values.items():
        if value.endswith("."):
            text = text.replace(f"${name}.", f"${name}")
    return Template(text).substitute(values)


@cache
def _versions() -> dict[str, tuple[int, Path]]:
    found: dict[str, tuple[int, Path]] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        named = _NAME.fullmatch(path.name)
        if named:
            found[named[1]] = max(found.get(named[1], (0, path)), (int(named[2]), path))
    return found


@cache
def _read(path: Path) -> dict[str, dict[str, str]]:
    return tomllib.loads(path.read_text("utf-8"))
