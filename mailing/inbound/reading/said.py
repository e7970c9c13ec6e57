"""A sentence in which the words of a mark were found, looked at from there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    """The words of a sentence, where the mark begins, where its own words stand, their stems."""

    tokens: Sequence[str]
    start: int
    at: tuple[int, ...]
    own: frozenset[str]

    @property
    def inside(self) -> Sequence[str]:
        """From the mark's first word to its last, those in between."""
        return [self.tokens[n] for n in range(self.start + 1, self.at[-1]) if n not in self.at]

    def before(self, at: int, size: int) -> set[str]:
        """Words before a place, none of the mark's own."""
        return set(self.tokens[max(0, at - size) : at]) - self.own

    @property
    def afterwards(self) -> Sequence[str]:
        """The few words after its last one."""
        return self.following(3)

    @property
    def end(self) -> Sequence[str]:
        """Its last word and what stands behind it."""
        return [self.tokens[self.at[-1]], *self.afterwards]

    def following(self, size: int) -> Sequence[str]:
        """So many words after its last one."""
        return self.tokens[self.at[-1] + 1 : self.at[-1] + 1 + size]


def begins_with(found: Iterable[str], stems: tuple[str, ...]) -> bool:
    """Whether one of these words begins like one of the stems."""
    return any(word.startswith(stems) for word in found)
