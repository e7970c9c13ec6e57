"""Findings: what an officer should know about a policy's texts. The texts stay as they are.

Pure: texts and what the version declares in, findings out. Linear in the length of the texts,
whatever stands in them, and never more than `MOST` findings of one kind.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from mailing.policies import names, stems
from mailing.policies.clauses import Clause, clauses, folded
from mailing.policies.marks import Marks

MOST = 30
_EXCERPT = 160


class Code(StrEnum):
    """What was found."""

    NUMBER_MISSING = "number_missing"
    NUMBER_REPEATED = "number_repeated"
    NUMBERING_DIFFERS = "numbering_differs"
    BIN_MISSING = "bin_missing"
    OPERATOR_MISSING = "operator_missing"
    MAILBOX_MISSING = "mailbox_missing"
    WITHDRAWAL_MARK_MISSING = "withdrawal_mark_missing"
    RECTIFICATION_MARK_MISSING = "rectification_mark_missing"
    UNLIMITED_TERM = "unlimited_term"
    THIRD_PARTY_NAMED = "third_party_named"
    THIRD_PARTY_AGAINST_PROMISE = "third_party_against_promise"
    LOST_WORDS = "lost_words"
    PLAIN_HTTP = "plain_http"
    OTHER_LANGUAGE = "other_language"


@dataclass(frozen=True)
class Finding:
    """One thing: in which language's text, in which clause (may be empty), and the words."""

    code: Code
    language: str
    clause: str = ""
    said: str = ""


@dataclass(frozen=True)
class Declared:
    """What the version declares, to be looked for in its texts."""

    operator: str = ""
    mailbox: str = ""
    marks: Marks = field(default_factory=Marks)


@dataclass(frozen=True)
class _Read:
    """A text that has been read: its clauses, each folded, and all of it folded."""

    language: str
    clauses: list[Clause]
    lowered: list[str]
    whole: str

    def places(self) -> Iterator[tuple[str, str, str]]:
        """Name, words, and folded words of each clause."""
        for clause, lowered in zip(self.clauses, self.lowered, strict=True):
            yield clause.name, clause.text, lowered


def of_texts(texts: Mapping[str, str], declared: Declared) -> list[Finding]:
    """Everything found in a version's texts, by language, in the order of `Code`."""
    read = [_read(language, text) for language, text in texts.items()]
    found = [finding for one in read for finding in _of_one(one, declared)]
    return found + list(islice(_differences(read), MOST))


def _read(language: str, text: str) -> _Read:
    found = clauses(text)
    lowered = [folded(clause.text) for clause in found]
    return _Read(language, found, lowered, " ".join(lowered))


def _of_one(read: _Read, declared: Declared) -> Iterator[Finding]:
    for look in _LOOKS:
        yield from islice(look(read), MOST)
    yield from _undeclared(read, declared)


def _gaps(read: _Read) -> Iterator[Finding]:
    """Numbers that are jumped over: a clause 2.3 with a 2.1 before it and no 2.2."""
    children: dict[tuple[int, ...], set[int]] = {}
    for clause in read.clauses:
        for depth in range(len(clause.number)):
            children.setdefault(clause.number[:depth], set()).add(clause.number[depth])
    for parent, numbers in sorted(children.items()):
        for missing in sorted(set(range(1, max(numbers))) - numbers):
            name = ".".join(str(part) for part in (*parent, missing))
            yield Finding(Code.NUMBER_MISSING, read.language, name)


def _repeats(read: _Read) -> Iterator[Finding]:
    counted = Counter(clause.number for clause in read.clauses if clause.number)
    for number, times in counted.items():
        if times > 1:
            name = ".".join(str(part) for part in number)
            yield Finding(Code.NUMBER_REPEATED, read.language, name, str(times))


def _no_bin(read: _Read) -> Iterator[Finding]:
    if not stems.BIN.search(read.whole):
        yield Finding(Code.BIN_MISSING, read.language)


def _unlimited(read: _Read) -> Iterator[Finding]:
    lines = stems.possible(read.whole, stems.UNLIMITED)
    for name, words, lowered in read.places() if lines else ():
        if stems.holds(lowered, lines):
            yield Finding(Code.UNLIMITED_TERM, read.language, name, _excerpt(words))


def _third_parties(read: _Read) -> Iterator[Finding]:
    services = {name: spelt for name, spelt in stems.SERVICES.items() if spelt.search(read.whole)}
    for name, _, lowered in read.places() if services else ():
        named = [service for service, spelt in services.items() if spelt.search(lowered)]
        if named:
            code = Code.THIRD_PARTY_AGAINST_PROMISE if _promises(read) else Code.THIRD_PARTY_NAMED
            yield Finding(code, read.language, name, ", ".join(named))


def _promises(read: _Read) -> bool:
    """Whether a clause says that data are never handed to third parties."""
    lines = stems.possible(read.whole, stems.NEVER_HANDED)
    return any(stems.holds(lowered, lines) for lowered in read.lowered)


def _lost(read: _Read) -> Iterator[Finding]:
    phrases = [one for one in stems.LOST if stems.possible(read.whole, one[:1])]
    for name, words, lowered in read.places() if phrases else ():
        if any(stems.lacks(lowered, *phrase) for phrase in phrases):
            yield Finding(Code.LOST_WORDS, read.language, name, _excerpt(words))


def _unencrypted(read: _Read) -> Iterator[Finding]:
    named = dict.fromkeys(stems.HTTP.findall(read.whole))
    if named:
        yield Finding(Code.PLAIN_HTTP, read.language, said=", ".join(islice(named, 3)))


def _foreign(read: _Read) -> Iterator[Finding]:
    if not stems.looks_like(read.language, read.whole):
        yield Finding(Code.OTHER_LANGUAGE, read.language)


_LOOKS: tuple[Callable[[_Read], Iterator[Finding]], ...] = (
    _gaps,
    _repeats,
    _no_bin,
    _unlimited,
    _third_parties,
    _lost,
    _unencrypted,
    _foreign,
)


def _undeclared(read: _Read, declared: Declared) -> Iterator[Finding]:
    """What the version declares and its text does not say."""
    if declared.operator and not _names_the_operator(read, declared.operator):
        yield Finding(Code.OPERATOR_MISSING, read.language, said=declared.operator)
    sought = (
        (Code.MAILBOX_MISSING, (declared.mailbox,)),
        (Code.WITHDRAWAL_MARK_MISSING, declared.marks.withdrawal),
        (Code.RECTIFICATION_MARK_MISSING, declared.marks.rectification),
    )
    whole = stems.unquoted(read.whole)
    for code, words in sought:
        if any(words) and not any(stems.unquoted(folded(word)) in whole for word in words if word):
            yield Finding(code, read.language, said=" · ".join(words))


def _names_the_operator(read: _Read, operator: str) -> bool:
    """Whether the operator stands there, in this language's spelling and with its legal form."""
    as_written = stems.unquoted(folded(operator)) in stems.unquoted(read.whole)
    return as_written or names.stands_in(operator, read.whole)


def _differences(read: list[_Read]) -> Iterator[Finding]:
    """Numbers that one language has and the first does not, or the other way round."""
    if not read:
        return
    first, *others = read
    for other in others:
        ours, theirs = _numbers(first), _numbers(other)
        for name in sorted((ours - theirs) | (theirs - ours)):
            lacking = other if ours[name] > theirs[name] else first
            yield Finding(
                Code.NUMBERING_DIFFERS,
                lacking.language,
                ".".join(str(part) for part in name),
                (first if lacking is other else other).language,
            )


def _numbers(read: _Read) -> Counter[tuple[int, ...]]:
    return Counter(clause.number for clause in read.clauses if clause.number)


def _excerpt(words: str) -> str:
    return words if len(words) <= _EXCERPT else words[: _EXCERPT - 1].rstrip() + "…"
