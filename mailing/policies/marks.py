"""Subject marks: the words by which a letter to the helpdesk withdraws consent or corrects data."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from mailing.base.errors import Invalid

# Clauses 6.3 of the policy as it was published, letter for letter.
WITHDRAWAL = "Дербес деректерді өңдеуге келісімді қайтарып алу"
RECTIFICATION = "Дербес деректерді өзектілендіру"

MOST = 9
_ONE_LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{3,200}")


@dataclass(frozen=True)
class Marks:
    """What a version declares of each kind: at least one, usually one a language."""

    withdrawal: tuple[str, ...] = (WITHDRAWAL,)
    rectification: tuple[str, ...] = (RECTIFICATION,)

    def checked(self) -> Self:
        """The same, each once and trimmed. Raises `Invalid` for what no subject can hold."""
        return type(self)(
            withdrawal=_clean("withdrawal_marks", self.withdrawal),
            rectification=_clean("rectification_marks", self.rectification),
        )

    def stored(self) -> dict[str, list[str]]:
        """As the version's column holds them."""
        return {kind: list(words) for kind, words in vars(self).items()}


def of_stored(kept: Mapping[str, Iterable[str]]) -> Marks:
    """What the column says; the built-in marks where a version declared none."""
    built_in = Marks()
    return Marks(
        withdrawal=tuple(kept.get("withdrawal", ())) or built_in.withdrawal,
        rectification=tuple(kept.get("rectification", ())) or built_in.rectification,
    )


def _clean(field: str, words: Iterable[str]) -> tuple[str, ...]:
    once = tuple(dict.fromkeys(" ".join(word.split(" ")).strip() for word in words))
    if not once or len(once) > MOST:
        raise Invalid(f"Declare 1 to {MOST} marks of each kind.", field)
    if not all(_ONE_LINE.fullmatch(word) for word in once):
        raise Invalid("A mark has 3 to 200 characters on one line.", field)
    return once
