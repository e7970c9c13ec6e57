"""Marks: by what words a message asks for something (mail-standards A.3).

A mark is known by the stems of its words, not by its letters, so that spelling, case and
endings do not matter. All stems of one way must stand near each other.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import dropwhile, pairwise

from mailing.inbound.reading.denials import ASKS, is_denied
from mailing.inbound.reading.folding import LONGEST, readings, rejoined
from mailing.inbound.reading.polite import plainly
from mailing.inbound.reading.said import Said
from mailing.inbound.reading.values import Kind
from mailing.inbound.reading.ways import Sought, Vocabulary, vocabulary
from mailing.policies.marks import Marks

_NEAR = 12
_ASKED, _LOST, _MOST_QUESTIONS = re.compile(r"(?<=[?])\s"), re.compile(r"\?[\w?]"), 20
# A wish stands at the beginning; what comes after so much is an enclosure.
_LONGEST, _MOST_LINES = 16_384, 200

# A long line that goes on in small letters was cut by a program: what denies may stand above.
_WRAPPED = re.compile(r"(?m)^(.{45,100}[^\W\d_,]) ?\n(?=[a-zа-яёәіңғүұқөһ])")

# As the folding spells them (`w` is `u`). Alone they are a wish; in a sentence, anything.
_ALONE = {
    *("stop", "toktat", "toktatu", "toktatynyz", "stopp", "unsub", "remove me", "take me off"),
}
_COURTESY = {"please", "pls", "plz", "thanks", "thx"}
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
    filled: dict[int, set[str]]
    bits: int


def kind_of(text: str, marks: Marks | None = None) -> Kind | None:
    """What a subject or a sentence asks for; withdrawal beats rectification beats unsubscribing."""
    known = vocabulary(marks or Marks())
    return strongest({_kind_of(piece, known) for piece in _questions_apart(text)})


def _questions_apart(text: str) -> list[str]:
    """A question and what follows it; but where letters were lost, the signs are those."""
    return [text] if _LOST.search(text) else _ASKED.split(text, _MOST_QUESTIONS)


def _kind_of(text: str, known: Vocabulary) -> Kind | None:
    asked = text if _LOST.search(text) else text.rstrip("? \n")
    read = [_read(plainly(tokens), known) for tokens in readings(asked)]
    if "?" in text and any(ASKS & set(one.tokens) for one in read):
        return None  # Whoever asks how it is done has not done it.
    bits = read[0].bits
    for one in read[1:]:
        bits |= one.bits
    for kind, ways in known.ways:
        if any(bits & way.bits == way.bits and _says(read, way) for way in ways):
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
    whole = _WRAPPED.sub(r"\1 ", rejoined(text[:_LONGEST]))
    lines = [line for line in whole.split("\n") if line.strip()][:_MOST_LINES]
    for one, two in pairwise([*lines, ""]):
        for piece in re.split(r"[.!;]\s", f"{one} {two}"):
            yield from (piece[at : at + LONGEST] for at in range(0, len(piece), LONGEST // 2))


def _read(tokens: Sequence[str], known: Vocabulary) -> _Read:
    tokens = [*dropwhile(_PREFIX.__contains__, tokens)]
    filled = dict[int, set[str]]()
    bits = 0
    for token in tokens:
        for place in known.filled_by(token):
            filled.setdefault(place, set()).add(token)
            bits |= 1 << place
    return _Read(tokens, filled, bits)


def _says(read: Iterable[_Read], way: Sought) -> bool:
    """Whether it says so in one of its readings, and denies it in none of them."""
    found = {_found(one, way) for one in read if one.bits & way.bits == way.bits}
    return found >= {True} and False not in found


def _found(read: _Read, way: Sought) -> bool | None:
    """Whether each place of a way is filled by a word, all within a few words of each other; False
    where the sentence denies it, None where it is not there."""
    tokens, filled = read.tokens, [read.filled[place] for place in way.places]
    for start, token in enumerate(tokens):
        if any(token in words_of for words_of in filled):
            near = tokens[start : start + _NEAR]
            hits = [_where(near, words_of) for words_of in filled]
            if None not in hits:
                at = sorted(start + hit for hit in hits if hit is not None)
                return not is_denied(Said(tokens, start, tuple(at), way.own))
    return None


def _where(near: Sequence[str], words_of: set[str]) -> int | None:
    return next((at for at, token in enumerate(near) if token in words_of), None)


def _is_alone(tokens: Sequence[str]) -> bool:
    rest = [token for token in tokens if token not in _PREFIX | _COURTESY]
    return len(rest) < 4 and " ".join(rest) in _ALONE
