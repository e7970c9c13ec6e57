"""The sentences of a bounce: whom they name as the recipient, and what they say of each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from mailing.inbound.reading.addresses import ADDRESS, clean, first

LONGEST = 20_000
_LONGEST_LINE = 1000
_LIST = re.compile(rf"^[\s>*\"'#•-]*[<\"']?({ADDRESS})[>\"']?\s*(.*)$")
# Small and capital letters are one for the words alone: an address knows both, and to look up the
# other case of every letter that it may hold would take longer than loading all else of this slice.
_AFTER = re.compile(
    rf"""(?<![\w@.-])(?i:to|for|recipients?(?:\s(?:address|is))?|address(?:es)?(?:\(es\))?|userid|failed|rcpt(?:\sto)?|mailbox|user|account|адрес\w*|получател\w*|мекенжай\w*)
    [\s:=]{{1,8}}(?:--\s{{0,4}})?(?i:smtp:)?[<"'\[(]?({ADDRESS})""",
    re.VERBOSE,
)
_REFUSED = re.compile(rf"(?:^|[\s>])[45]\d\d[\s-](?:[45]\.\d+\.\d+\s)?[<(]?({ADDRESS})")
_ASIDE = re.compile(
    r"mail\sfrom|envelope-from|contact|assistance|administrator|questions?|please\s(?:visit|see|forward)|support@|^\s*(?:From|Sender|Reply-To|Return-Path|To|Cc|Message-ID)\s*:",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sentences:
    """What a mail system wrote for people, above the message that it returns; looked through once,
    however many recipients it names."""

    text: str

    @cached_property
    def listed(self) -> list[str]:
        """Addresses that begin a line, as in every list of failed recipients."""
        return _listed(self.text)

    @cached_property
    def named(self) -> list[str]:
        """Addresses that a sentence names as the recipient."""
        return _named(self.text)

    def about(self, address: str) -> str:
        """The lines from where the address is listed to the next listed one."""
        wanted = address.casefold()
        start = next((n for n, line in enumerate(self._low) if wanted in line), None)
        if start is None:
            return ""
        before = max(0, start - 1)
        begin = start if first(self._lines[before]) else before
        others = (n for n, one in self._starts if n > start and one != wanted)
        return "\n".join(self._lines[begin : next(others, len(self._lines))])

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.split("\n")

    @cached_property
    def _low(self) -> list[str]:
        return [line.casefold() for line in self._lines]

    @cached_property
    def _starts(self) -> list[tuple[int, str]]:
        """The lines that an address begins, with the address."""
        found = ((n, _begun_by(line)) for n, line in enumerate(self._lines) if "@" in line)
        return [(n, address) for n, address in found if address]


def _begun_by(line: str) -> str:
    cut = line[:_LONGEST_LINE]
    match = _LIST.match(cut) or _REFUSED.search(cut)
    return clean(match[1]).casefold() if match else ""


def _listed(text: str) -> list[str]:
    """Addresses that begin a line, as in every list of failed recipients."""
    found = []
    for line in text.split("\n"):
        is_aside = "@" not in line or _ASIDE.search(line)
        match = None if is_aside else _LIST.match(line[:_LONGEST_LINE])
        if match and _ends_there(match[2]):
            found.append(clean(match[1]))
    return found


def _ends_there(rest: str) -> bool:
    """What may follow a listed address: nothing, a mark, a time, a code or a short reason."""
    return not rest or bool(
        re.match(
            r"[:(\[<.,;-]|on\s\d|on\s\w{3},|\d{3}\b|invalid|\.\.\.|failed|was\s|has\s|is\s",
            rest,
            re.IGNORECASE,
        )
    )


def _named(text: str) -> list[str]:
    """Addresses that a sentence names as the recipient."""
    return [address for line in text.split("\n") for address in _in_line(line[:_LONGEST_LINE])]


def _in_line(line: str) -> Iterator[str]:
    if "@" in line and (not _ASIDE.search(line) or "RCPT" in line):
        for pattern in (_AFTER, _REFUSED):
            yield from (clean(found[1]) for found in pattern.finditer(line))
