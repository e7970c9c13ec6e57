"""What is said about a policy's text when it is imported."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Self

from mailing.base.errors import Invalid
from mailing.base.languages import LANGUAGES

NOTICES = "notices"

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LABEL = re.compile(r"[^\s\x00-\x1f/?#%](?:[^\x00-\x1f/?#%]{0,78}[^\s\x00-\x1f/?#%])?")


@dataclass(frozen=True)
class NewText:
    """What is said about a text when it is imported; `None` leaves it as it is, or the default.

    A text joins the version that bears its `label`; without one it begins a version of its own,
    named for the day it takes effect.
    """

    language: str
    effective_on: date
    label: str | None = None
    material: bool = False
    purposes: tuple[str, ...] | None = None
    fields: tuple[str, ...] | None = None

    def checked(self) -> Self:
        """The same, each name once. Raises `Invalid` for names that cannot be."""
        if self.language not in LANGUAGES:
            raise Invalid(f"A policy's language is one of {', '.join(LANGUAGES)}.")
        if self.label is not None and not _LABEL.fullmatch(self.label):
            raise Invalid("A version's label is 1 to 80 characters on one line, without / ? # %.")
        if NOTICES in (self.purposes or ()):
            raise Invalid("The purpose notices is reserved: every version covers its own changes.")
        if self.fields is not None and "email" not in self.fields:
            raise Invalid("The declared fields must contain email: without it nobody is written.")
        return replace(self, purposes=_names(self.purposes), fields=_names(self.fields))


def _names(names: Iterable[str] | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    once = tuple(dict.fromkeys(names))
    wrong = next((name for name in once if not _NAME.fullmatch(name)), None)
    if wrong is not None or not once:
        raise Invalid(
            f"{wrong or 'Nothing'!r} is no name of a purpose or field;"
            " use small letters, digits and underscores, a letter first."
        )
    return once
