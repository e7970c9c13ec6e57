"""Ways to say it: the stems that a withdrawal, a rectification or a wish to leave is known by."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from mailing.inbound.reading.folding import words
from mailing.inbound.reading.stems import SHORTEST, begins
from mailing.inbound.reading.values import Kind
from mailing.policies.marks import Marks

Way = tuple[tuple[str, ...], ...]
"""One way to say it: for each place, the stems that may stand there."""

_DATA_KK = ("derek", "derekter", "malimet")
_DATA_RU = ("dannyh", "dannye", "dann", "pd", "pdn", "svedeni")
_PROCESSING_RU = ("obrabotk", "obrabatyv")

WITHDRAWAL: tuple[Way, ...] = (
    (("kelisim",), ("kaitar", "kaityp", "keri")),
    (("otzyv", "otozv", "otozyv", "otzov"), ("soglasi", "saglosi", "saglasi")),
    (("prekrat",), _PROCESSING_RU, _DATA_RU),
    (
        ("udalit", "udali", "sotrit", "unichtoj"),
        ("moi", "svoi", "moih", "svoih", "personaln"),
        _DATA_RU,
    ),
    (
        ("derekterimdi", "malimetterimdi"),
        ("joiu", "joyu", "jou", "joiy", "joinyz", "joinyzdar", "oshir"),
    ),
    (("withdraw", "revok", "revoc", "rescind", "retract"), ("consent",)),
    (("delet", "eras", "destroy", "remov"), ("my",), ("data", "information")),
    (("stop", "cease"), ("processing",), ("data", "information")),
)
RECTIFICATION: tuple[Way, ...] = (
    (("ozektilen", "ozekten", "tuzet", "janart", "jangart", "ozger"), _DATA_KK),
    (
        ("aktualiz", "utochn", "ispravlen", "isprav", "izmenen", "izmenit", "obnov"),
        ("personaln", *_DATA_RU),
    ),
    (("rectif", "correct", "updat", "amend"), ("data", "details", "information")),
)
UNSUBSCRIBE: tuple[Way, ...] = (
    (("otpis",),),
    (("otkaz",), ("rassylk", "rassylok", "rassyl")),
    (("ne",), ("prisylai", "prisylat", "shlite", "otpravliai", "bespoko")),
    (("unsubscrib",),),
    (("opt",), ("out",)),
    (("optout",),),
    (("jazylym", "habarlama", "tarat"), ("bas",), ("tart",)),
    (("jazylym", "habarlama", "tarat"), ("toktat",)),
    (("remove", "take"), ("me",), ("list", "mailing", "off")),
)


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The ways of one set of marks, as the folding spells them (it spells `w` as `u`, because Latin
    Kazakh does). Many ways share a place: each word is held against each place once."""

    ways: tuple[tuple[Kind, tuple[Way, ...]], ...]
    places: frozenset[tuple[str, ...]]

    @lru_cache(maxsize=1 << 16)  # noqa: B019 - there are as many as there are sets of marks
    def filled_by(self, word: str) -> tuple[tuple[str, ...], ...]:
        """The places where a word may stand; for most words of a text, none."""
        return tuple(place for place in self.places if any(begins(word, one) for one in place))


@lru_cache(maxsize=16)
def vocabulary(marks: Marks) -> Vocabulary:
    """The built-in ways, and those that a policy version's marks add."""
    ways = (
        (Kind.WITHDRAWAL, _folded([*WITHDRAWAL, *map(_way, marks.withdrawal)])),
        (Kind.RECTIFICATION, _folded([*RECTIFICATION, *map(_way, marks.rectification)])),
        (Kind.UNSUBSCRIBE, _folded(UNSUBSCRIBE)),
    )
    return Vocabulary(ways, frozenset(place for _, of in ways for way in of for place in way))


def _way(mark: str) -> Way:
    """A configured mark by the beginnings of its longer words, in any order."""
    longer = [word for word in words(mark.casefold()) if len(word) >= SHORTEST]
    return tuple((word[: max(SHORTEST, len(word) - 2)],) for word in longer) or ((mark,),)


def _folded(ways: Iterable[Way]) -> tuple[Way, ...]:
    return tuple(
        tuple(tuple(word for stem in place for word in words(stem)) for place in way)
        for way in ways
    )
