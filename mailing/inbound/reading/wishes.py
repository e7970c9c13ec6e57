"""Wishes: what the words of a subject, a body or a file's name ask for.

A wish is known by the exact mark, however it is written, or by stems that stand together. The
stems are compared as skeletons (`letters`), with small slips of typing forgiven.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from mailing.inbound.reading.letters import skeleton, skeletons
from mailing.inbound.reading.values import Kind
from mailing.policies.marks import Marks

_KAZAKH = "әғқңөұүһі"
_SHORTEST_FUZZY = 6


@dataclass(frozen=True)
class Wish:
    """What is asked for, by which words it was known, and in which language they are."""

    kind: Kind
    words: str
    language: str | None


# Alternatives of stems that must all be found in one line, each with the language it tells.
_DATA_RU = "данные данных данным перс пд пдн"
_STEMS: tuple[tuple[Kind, str, tuple[str, ...]], ...] = (
    (Kind.WITHDRAWAL, "kk", ("келісім", "қайтар кері")),
    (Kind.WITHDRAWAL, "kk", ("дерек", "жою жойы өшір")),
    (Kind.WITHDRAWAL, "ru", ("отзыв отозв отзову", "соглас")),
    (Kind.WITHDRAWAL, "ru", ("прекрат", "обработк", _DATA_RU)),
    (Kind.WITHDRAWAL, "ru", ("удалит удалить уничтож", "данные данных", "мои моих персональн =перс")),
    (Kind.WITHDRAWAL, "en", ("withdraw revoke revoking revocation", "consent")),
    (Kind.WITHDRAWAL, "en", ("=delete =erase erasure", "=my =personal", "=data")),
    (Kind.WITHDRAWAL, "en", ("=stop", "processing", "=my =personal", "=data")),
    (Kind.RECTIFICATION, "kk", ("дерек", "өзекті өзектен түзет түзеу жаңарт")),
    (Kind.RECTIFICATION, "ru", ("актуализ", "данных данные")),
    (
        Kind.RECTIFICATION,
        "ru",
        ("уточнен уточнит исправ изменен изменит обновит обновлен", "данные данных =пд =пдн",
         "персональн =моих =мои =перс =пд =пдн личн"),
    ),
    (Kind.RECTIFICATION, "en", ("rectif", "=data =consent personal")),
    (Kind.RECTIFICATION, "en", ("=update updating correct change", "=my personal", "=data")),
    (Kind.UNSUBSCRIBE, "kk", ("жазылым хабарлама хат тарату", "=бас", "=тарт =тарту =тартам тартамын")),
    (Kind.UNSUBSCRIBE, "kk", ("жазылым хабарлама", "тоқтат")),
    (Kind.UNSUBSCRIBE, "ru", ("отписаться отписк отпишит отписат",)),
    (Kind.UNSUBSCRIBE, "ru", ("отказ отказыв", "рассылк")),
    (Kind.UNSUBSCRIBE, "ru", ("=не", "присылайт присылат шлите",)),
    (Kind.UNSUBSCRIBE, "en", ("unsubscribe unsubscription",)),
    (Kind.UNSUBSCRIBE, "en", ("=opt", "=out", "=opt =out")),
)  # fmt: skip
_WHOLE_UNSUBSCRIBE = {"stop": "en", "стоп": "ru", "тоқтату": "kk", "optout": "en", "remove me": "en"}

# Words that turn a wish round, or only ask about it or tell of it.
_NOT = re.compile(
    r"\b(?:ne (?:atziv\w*|atazv\w*|hacu atz\w*|hacu atazv\w*|udal\w*|prekra\w*|prasu)"
    r"|(?:da nat|dan t|nat|never|did nat|wan t|uan t) (?:uant ta |uiw ta )?(?:uithdrau|reva|delete|unsub)\w*"
    r"|kaitar\w* (?:al)?mai\w*|almai\w*|kaitarma\w*)\b"
)
_ASKED = re.compile(
    r"^(?:kak |mojna li |kak ia |gde |haw |hau |where |can i |kalai |pacemu |w?pri kakih |what )"
)
_TOLD = re.compile(
    r"\b(?:s pametkai|pametk\w*|belgisimen|uith the mark|mark|uith the subject|v teme pisma)\b"
    r"|\bpa[lz]i\w* (?:saiasat|kanfid)|\bsaiasat\w*"
)


def wish_of(text: str, marks: Marks) -> Wish | None:
    """The wish in one line of text; withdrawal goes before rectification, and both before the rest."""
    if not text.strip():
        return None
    found = [wish for read in skeletons(text) for wish in _wishes(read, marks)]
    order = (Kind.WITHDRAWAL, Kind.RECTIFICATION, Kind.UNSUBSCRIBE)
    return min(found, key=lambda wish: order.index(wish.kind), default=None)


def strongest(wishes: Iterable[Wish | None]) -> Wish | None:
    """Of several wishes the one that goes first."""
    order = (Kind.WITHDRAWAL, Kind.RECTIFICATION, Kind.UNSUBSCRIBE)
    return min((w for w in wishes if w), key=lambda wish: order.index(wish.kind), default=None)


def wish_in(text: str, marks: Marks) -> Wish | None:
    """The wish in what somebody wrote: in its first lines, each by itself and with the next."""
    lines = [line.strip() for line in text.splitlines() if line.strip()][:40]
    told = [line for line in lines if not _is_told(line)]
    pairs = [" ".join(pair) for pair in zip(told, told[1:], strict=False)]
    return strongest(wish_of(line[:600], marks) for line in [*told, *pairs])


def _is_told(line: str) -> bool:
    """Whether a line tells how a wish is to be made, as a policy and our own footer do."""
    return bool(_TOLD.search(skeleton(line.casefold()[:600])))


def _wishes(read: str, marks: Marks) -> list[Wish]:
    if _NOT.search(read) or _ASKED.search(read):
        return []
    found = [
        Wish(kind, "mark", _language(mark))
        for kind, mark in _marked(marks)
        if _pattern(mark).search(read.replace(" ", ""))
    ]
    words = read.split()[:120]
    found += [
        Wish(kind, "words", language)
        for kind, language, stems in _STEMS
        if all(_has(words, _alternatives(one)) for one in stems)
    ]
    whole = {skeleton(one): language for one, language in _WHOLE_UNSUBSCRIBE.items()}
    return [*found, *([Wish(Kind.UNSUBSCRIBE, "words", whole[read])] if read in whole else [])]


def _marked(marks: Marks) -> list[tuple[Kind, str]]:
    withdrawals = [(Kind.WITHDRAWAL, mark) for mark in marks.withdrawal]
    return withdrawals + [(Kind.RECTIFICATION, mark) for mark in marks.rectification]


def _language(mark: str) -> str | None:
    lowered = mark.casefold()
    if any(letter in lowered for letter in _KAZAKH):
        return "kk"
    return "ru" if any("а" <= letter <= "я" for letter in lowered) else "en"


@lru_cache(maxsize=256)
def _pattern(mark: str) -> re.Pattern[str]:
    """A mark as a pattern over skeletons without spaces; a letter that a charset lost is forgiven."""
    return re.compile("".join(_letters(mark)))


@lru_cache(maxsize=512)
def _alternatives(stems: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (
            skeleton(stem.lstrip("=")),
            re.compile("".join(_letters(stem.lstrip("="))) + ("$" if stem.startswith("=") else "")),
        )
        for stem in stems.split()
    )


def _letters(words: str) -> list[str]:
    return [
        f"[{skeleton(c)}?]" if c in _KAZAKH else skeleton(c)
        for c in words.casefold()
        if skeleton(c)
    ]


def _has(words: list[str], stems: tuple[tuple[str, re.Pattern[str]], ...]) -> bool:
    return any(
        pattern.match(word) or (len(stem) >= _SHORTEST_FUZZY and _is_slip(word, stem))
        for stem, pattern in stems
        for word in words
    )


def _is_slip(word: str, stem: str) -> bool:
    """Whether a word begins with a stem but for one slip: a letter more, less, other, or two swapped."""
    if abs(len(word) - len(stem)) > 12 or word[:1] not in (stem[0], stem[1]):
        return False
    return any(_is_near(word[: len(stem) + more], stem) for more in (-1, 0, 1))


def _is_near(word: str, stem: str) -> bool:
    if word == stem:
        return True
    at = next((i for i, (a, b) in enumerate(zip(word, stem, strict=False)) if a != b), min(len(word), len(stem)))
    rest, wanted = word[at:], stem[at:]
    swapped = rest[1:2] + rest[:1] + rest[2:]
    return wanted in (swapped, rest[1:]) or rest[1:] == wanted[1:] or rest == wanted[1:]
