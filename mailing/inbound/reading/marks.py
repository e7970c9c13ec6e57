"""Marks: by what words a message asks for something (mail-standards A.3).

A mark is known by the stems of its words, not by its letters, so that spelling, case and
endings do not matter. All stems of one way must stand near each other.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from functools import cache, lru_cache
from itertools import pairwise

from mailing.inbound.reading.denials import HOW, Said, is_denied
from mailing.inbound.reading.folding import LOST, readings, rejoined, words
from mailing.inbound.reading.values import Kind
from mailing.policies.marks import Marks

Way = tuple[tuple[str, ...], ...]
"""One way to say it: for each place, the stems that may stand there."""

_NEAR = 12
_SHORTEST = 4
# A wish stands at the beginning; what comes after so much is an enclosure.
_LONGEST, _MOST_LINES = 16_384, 200

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
# As the folding spells them (`w` is `u`). Alone they are a wish; in a sentence, anything.
_ALONE = {"stop", "toktat", "toktatu", "toktatynyz", "stopp"}
_PREFIX = {
    "re",
    "fu",
    "fud",
    "na",
    "otv",
    "otvet",
    "peresl",
    "kaita",
    "jauap",
    "au",
    "ug",
    "sv",
    "auto",
    "ha",
    "external",
    "spam",
}


def kind_of(text: str, marks: Marks | None = None) -> Kind | None:
    """What a subject or a sentence asks for; withdrawal beats rectification beats unsubscribing."""
    read = list(readings(text))
    if "?" in text and any(HOW & set(tokens) for tokens in read):
        return None  # Whoever asks how it is done has not done it.
    for kind, ways in _ways(marks or Marks()):
        if any(_says(read, way) for way in ways):
            return kind
    return Kind.UNSUBSCRIBE if any(_is_alone(tokens) for tokens in read) else None


def kind_in(text: str, marks: Marks | None = None) -> Kind | None:
    """The same for a text of several sentences: the strongest of what they ask for."""
    return strongest({kind_of(sentence, marks) for sentence in _sentences(text)})


def strongest(kinds: Collection[Kind | None]) -> Kind | None:
    """The one of these that rules; None where none of them is a mark."""
    order = (Kind.WITHDRAWAL, Kind.RECTIFICATION, Kind.UNSUBSCRIBE)
    return next((kind for kind in order if kind in kinds), None)


@lru_cache(maxsize=16)
def _ways(marks: Marks) -> tuple[tuple[Kind, tuple[Way, ...]], ...]:
    return (
        (Kind.WITHDRAWAL, (*WITHDRAWAL, *map(_way, marks.withdrawal))),
        (Kind.RECTIFICATION, (*RECTIFICATION, *map(_way, marks.rectification))),
        (Kind.UNSUBSCRIBE, UNSUBSCRIBE),
    )


def _way(mark: str) -> Way:
    """A configured mark by the beginnings of its longer words, in any order."""
    longer = [word for word in words(mark.casefold()) if len(word) >= _SHORTEST]
    return tuple((word[: max(_SHORTEST, len(word) - 2)],) for word in longer) or ((mark,),)


def _sentences(text: str) -> Iterable[str]:
    """Sentences, and each line with the next one: a wrapped mark is still one."""
    whole = rejoined(text[:_LONGEST])
    lines = [line for line in whole.split("\n") if line.strip()][:_MOST_LINES]
    for one, two in pairwise([*lines, ""]):
        yield from (piece for piece in re.split(r"[.!;]\s", f"{one} {two}") if piece.strip())


def _says(read: Iterable[Sequence[str]], way: Way) -> bool:
    """Whether it says so in one of its readings, and denies it in none of them."""
    found = {_found(tokens, _folded(way)) for tokens in read}
    return found >= {True} and False not in found


@cache
def _folded(way: Way) -> Way:
    """The stems as the folding leaves them: it spells `w` as `u`, because Latin Kazakh does."""
    return tuple(tuple(word for stem in place for word in words(stem)) for place in way)


def _found(tokens: Sequence[str], way: Way) -> bool | None:
    """Whether each place of a way is filled by a word, all within a few words of each other; False
    where the sentence denies it, None where it is not there."""
    known, filled = set(tokens), list[set[str]]()
    for place in way:
        filled.append({token for token in known if _fills(token, place)})
        if not filled[-1]:
            return None
    for start, token in enumerate(tokens):
        if any(token in words_of for words_of in filled):
            near = tokens[start : start + _NEAR]
            hits = [_where(near, words_of) for words_of in filled]
            if None not in hits:
                at = sorted(start + hit for hit in hits if hit is not None)
                own = frozenset(stem for place in way for stem in place)
                return not is_denied(Said(tokens, start, tuple(at), own))
    return None


@lru_cache(maxsize=1 << 17)
def _fills(token: str, place: tuple[str, ...]) -> bool:
    # Remembered for the whole place: a text asks for each of its words in each place of each way.
    return any(_begins(token, stem) for stem in place)


def _where(near: Sequence[str], words_of: set[str]) -> int | None:
    return next((at for at, token in enumerate(near) if token in words_of), None)


def _is_alone(tokens: Sequence[str]) -> bool:
    rest = [token for token in tokens if token not in _PREFIX]
    return len(rest) == 1 and rest[0] in _ALONE


def _begins(word: str, stem: str) -> bool:
    """Whether a word begins like the stem: letter by letter, `?` as any, one slip in a long one."""
    if len(stem) < _SHORTEST:
        return word == stem
    head = word[: len(stem)]
    if LOST in word and len(head) == len(stem) and head.count(LOST) * 2 <= len(stem):
        return all(one in (other, LOST) for one, other in zip(head, stem, strict=True))
    return word.startswith(stem) or (len(stem) >= 6 and _one_slip(word, stem))


def _one_slip(word: str, stem: str) -> bool:
    """A letter too many, too few, another, or two that changed places; never the first, and the
    last only doubled: there the next word of the same family begins."""
    same = next(
        (n for n, (one, other) in enumerate(zip(word, stem, strict=False)) if one != other), 0
    )
    rest, wanted = word[same:], stem[same:]
    if same == 0 or rest[1:].startswith(wanted):
        return same > 0
    swapped = f"{rest[1:2]}{rest[:1]}{rest[2:]}"
    typed = (rest[1:].startswith(wanted[1:]), rest.startswith(wanted[1:]))
    return len(wanted) > 1 and (any(typed) or swapped.startswith(wanted))
