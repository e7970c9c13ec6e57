"""Marks: by what words a message asks for something (mail-standards A.3).

A mark is known by the stems of its words, not by its letters, so that spelling, case and
endings do not matter. All stems of one way must stand near each other.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mailing.inbound.reading.denials import HOW, Said, is_denied
from mailing.inbound.reading.folding import readings, rejoined
from mailing.inbound.reading.values import Kind
from mailing.inbound.reading.ways import Vocabulary, Way, vocabulary
from mailing.policies.marks import Marks

_NEAR = 12
# A wish stands at the beginning; what comes after so much is an enclosure.
_LONGEST, _MOST_LINES = 16_384, 200

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


@dataclass(frozen=True)
class _Read:
    """A sentence in one of its readings: its words, and which of them may stand where."""

    tokens: Sequence[str]
    filled: dict[tuple[str, ...], set[str]]


def kind_of(text: str, marks: Marks | None = None) -> Kind | None:
    """What a subject or a sentence asks for; withdrawal beats rectification beats unsubscribing."""
    known = vocabulary(marks or Marks())
    read = [_read(tokens, known) for tokens in readings(text)]
    if "?" in text and any(HOW & set(one.tokens) for one in read):
        return None  # Whoever asks how it is done has not done it.
    for kind, ways in known.ways:
        if any(_says(read, way) for way in ways):
            return kind
    return Kind.UNSUBSCRIBE if any(_is_alone(one.tokens) for one in read) else None


def kind_in(text: str, marks: Marks | None = None) -> Kind | None:
    """The same for a text of several sentences: the strongest of what they ask for."""
    found = set[Kind | None]()
    for sentence in _sentences(text):
        found.add(kind_of(sentence, marks))
        if Kind.WITHDRAWAL in found:
            break
    return strongest(found)


def strongest(kinds: Collection[Kind | None]) -> Kind | None:
    """The one of these that rules; None where none of them is a mark."""
    order = (Kind.WITHDRAWAL, Kind.RECTIFICATION, Kind.UNSUBSCRIBE)
    return next((kind for kind in order if kind in kinds), None)


def _sentences(text: str) -> Iterable[str]:
    """Sentences, and each line with the next one: a wrapped mark is still one."""
    whole = rejoined(text[:_LONGEST])
    lines = [line for line in whole.split("\n") if line.strip()][:_MOST_LINES]
    for one, two in pairwise([*lines, ""]):
        yield from (piece for piece in re.split(r"[.!;]\s", f"{one} {two}") if piece.strip())


def _read(tokens: Sequence[str], known: Vocabulary) -> _Read:
    filled = dict[tuple[str, ...], set[str]]()
    for token in tokens:
        for place in known.filled_by(token):
            filled.setdefault(place, set()).add(token)
    return _Read(tokens, filled)


def _says(read: Iterable[_Read], way: Way) -> bool:
    """Whether it says so in one of its readings, and denies it in none of them."""
    found = {_found(one, way) for one in read}
    return found >= {True} and False not in found


def _found(read: _Read, way: Way) -> bool | None:
    """Whether each place of a way is filled by a word, all within a few words of each other; False
    where the sentence denies it, None where it is not there."""
    if any(place not in read.filled for place in way):
        return None
    tokens, filled = read.tokens, [read.filled[place] for place in way]
    for start, token in enumerate(tokens):
        if any(token in words_of for words_of in filled):
            near = tokens[start : start + _NEAR]
            hits = [_where(near, words_of) for words_of in filled]
            if None not in hits:
                at = sorted(start + hit for hit in hits if hit is not None)
                own = frozenset(stem for place in way for stem in place)
                return not is_denied(Said(tokens, start, tuple(at), own))
    return None


def _where(near: Sequence[str], words_of: set[str]) -> int | None:
    return next((at for at, token in enumerate(near) if token in words_of), None)


def _is_alone(tokens: Sequence[str]) -> bool:
    rest = [token for token in tokens if token not in _PREFIX]
    return len(rest) == 1 and rest[0] in _ALONE
