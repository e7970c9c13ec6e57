"""What is said about a policy's text when it is imported."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Self

from mailing.base.errors import Invalid
from mailing.base.languages import LANGUAGES
from mailing.policies.marks import Marks
from mailing.policies.texts import Format

NOTICES = "notices"
# Nothing is in force before the law or after anybody's working life: such a day is a slip.
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)
MOST_NAMES = 50

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_LABEL = re.compile(r"[^\s\x00-\x1f/?#%](?:[^\x00-\x1f/?#%]{0,78}[^\s\x00-\x1f/?#%])?")
_OPERATOR = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,200}")
_MAILBOX = re.compile(r"[^\s@<>,;:\"\x00-\x1f]{1,64}@[^\s@<>,;:\"\x00-\x1f]{1,180}")


@dataclass(frozen=True)
class NewText:
    """What is said about a text when it is imported; `None` leaves it as it is, or the default.

    A text joins the version that bears its `label`; without one it begins a version of its own,
    named for the day it takes effect. `operator` and `mailbox` are by default the settings'.
    """

    language: str
    effective_on: date
    label: str | None = None
    material: bool = False
    purposes: tuple[str, ...] | None = None
    fields: tuple[str, ...] | None = None
    format: str = Format.TEXT
    operator: str | None = None
    mailbox: str | None = None
    marks: Marks | None = None

    def checked(self) -> Self:
        """The same, each name once. Raises `Invalid`, naming the field, for what cannot be."""
        self._demand_language()
        self._demand_day()
        if self.label is not None and not _LABEL.fullmatch(self.label):
            raise Invalid(
                "A version's label is 1 to 80 characters on one line, without / ? # %.", "label"
            )
        self._demand_declarer()
        return replace(
            self,
            purposes=self._purposes(),
            fields=self._fields(),
            marks=self.marks.checked() if self.marks else None,
        )

    def _demand_language(self) -> None:
        if self.language not in LANGUAGES:
            raise Invalid(f"A policy's language is one of {', '.join(LANGUAGES)}.", "language")
        if self.format not in set(Format):
            raise Invalid(f"A policy's text is written as {' or '.join(Format)}.", "format")

    def _demand_day(self) -> None:
        if not EARLIEST <= self.effective_on <= LATEST:
            raise Invalid(
                f"A policy takes effect between {EARLIEST} and {LATEST}; look at the year.",
                "effective",
            )

    def _demand_declarer(self) -> None:
        if self.operator is not None and not _OPERATOR.fullmatch(self.operator):
            raise Invalid("The operator's name has 1 to 200 characters on one line.", "operator")
        if self.mailbox is not None and not _MAILBOX.fullmatch(self.mailbox):
            raise Invalid("The mailbox is an address like helpdesk@example.kz.", "mailbox")

    def _purposes(self) -> tuple[str, ...] | None:
        if NOTICES in (self.purposes or ()):
            raise Invalid(
                "The purpose notices is reserved: every version covers its own changes.", "purposes"
            )
        return _names("purposes", self.purposes)

    def _fields(self) -> tuple[str, ...] | None:
        if self.fields is not None and "email" not in self.fields:
            raise Invalid(
                "The declared fields must contain email: without it nobody is written.", "fields"
            )
        return _names("fields", self.fields)


def _names(field: str, names: Iterable[str] | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    once = tuple(dict.fromkeys(names))
    wrong = next((name for name in once if not _NAME.fullmatch(name)), None)
    if wrong is not None or not once:
        raise Invalid(
            f"{(wrong or 'Nothing')[:80]!r} is no name of a purpose or field;"
            " use small letters, digits and underscores, a letter first.",
            field,
        )
    if len(once) > MOST_NAMES:
        raise Invalid(f"More than {MOST_NAMES} names are declared; that is no closed list.", field)
    return once
