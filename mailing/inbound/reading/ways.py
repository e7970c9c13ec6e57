"""Ways to say it, made ready to be looked for: each word once, each way by the places it needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from mailing.inbound.reading.folding import LOST, words
from mailing.inbound.reading.stems import SHORTEST, begins
from mailing.inbound.reading.values import Kind
from mailing.inbound.reading.wishes import RECTIFICATION, UNSUBSCRIBE, WITHDRAWAL, Way
from mailing.policies.marks import Marks


@dataclass(frozen=True)
class Sought:
    """A way as it is looked for: which places it needs, also as one number of bits, and all of its
    stems."""

    places: tuple[int, ...]
    bits: int
    own: frozenset[str]


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The ways of one set of marks, as the folding spells them (it spells `w` as `u`, because Latin
    Kazakh does). Many ways share a place: each word is held against each place once."""

    ways: tuple[tuple[Kind, tuple[Sought, ...]], ...]
    stems: dict[str, tuple[tuple[str, int], ...]]
    """By their first letter, which is never mistyped; under the lost one all of them."""

    @lru_cache(maxsize=1 << 16)  # noqa: B019 - there are as many as there are sets of marks
    def filled_by(self, word: str) -> tuple[int, ...]:
        """The places where a word may stand; for most words of a text, none."""
        near = self.stems.get(word[:1], ())
        return tuple({place for stem, place in near if begins(word, stem)})


@lru_cache(maxsize=16)
def vocabulary(marks: Marks) -> Vocabulary:
    """The built-in ways, and those that a policy version's marks add."""
    ways = (
        (Kind.WITHDRAWAL, _folded([*WITHDRAWAL, *map(_way, marks.withdrawal)])),
        (Kind.RECTIFICATION, _folded([*RECTIFICATION, *map(_way, marks.rectification)])),
        (Kind.UNSUBSCRIBE, _folded(UNSUBSCRIBE)),
    )
    each = (place for _, of in ways for way in of for place in way)
    places = {place: number for number, place in enumerate(dict.fromkeys(each))}
    sought = ((kind, tuple(_sought(way, places) for way in of)) for kind, of in ways)
    return Vocabulary(tuple(sought), _by_letter(places))


def _sought(way: Way, places: dict[tuple[str, ...], int]) -> Sought:
    numbers = tuple(places[place] for place in way)
    own = frozenset(stem for place in way for stem in place)
    return Sought(numbers, sum(1 << number for number in set(numbers)), own)


def _by_letter(places: dict[tuple[str, ...], int]) -> dict[str, tuple[tuple[str, int], ...]]:
    stems = [(stem, number) for place, number in places.items() for stem in place]
    firsts = {stem[0] for stem, _ in stems}
    found = {first: [one for one in stems if one[0][0] == first] for first in firsts}
    return {**{first: tuple(of) for first, of in found.items()}, LOST: tuple(stems)}


def _way(mark: str) -> Way:
    """A configured mark by the beginnings of its longer words, in any order."""
    longer = [word for word in words(mark.casefold()) if len(word) >= SHORTEST]
    return tuple((word[: max(SHORTEST, len(word) - 2)],) for word in longer) or ((mark,),)


def _folded(ways: Iterable[Way]) -> tuple[Way, ...]:
    return tuple(
        tuple(tuple(word for stem in place for word in words(stem)) for place in way)
        for way in ways
    )
