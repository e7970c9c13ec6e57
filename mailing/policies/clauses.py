"""The clauses of a policy's text: where each begins, and its words on one line.

Pure, and linear in the length of the text: each line is looked at once, by an expression whose
repetitions are bounded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE_ENDS = re.compile(r"\r\n|\r|\n")
# "6.3", "6.3.", "1.1. Text", "1.Text", after the marks that Markdown puts before them. A number
# alone begins a clause only with a dot behind it: "15 days" may be a line that was wrapped. A
# third group of four digits is a year.
_NUMBER = re.compile(
    r"[ \t#>*_\\-]{0,20}(?P<number>\d{1,2}(?:\\?\.\d{1,2}){0,4})(?P<end>\\?\.(?!\d)|\)|(?![\w.]))"
)


@dataclass(frozen=True)
class Clause:
    """One clause: `number` is empty for a line before or without any numbering."""

    number: tuple[int, ...]
    text: str

    @property
    def name(self) -> str:
        """How people call it: "6.3"."""
        return ".".join(str(part) for part in self.number)


def clauses(text: str) -> list[Clause]:
    """The clauses in reading order. Lines that belong to a clause are joined to it; blank lines,
    indentation and where a line was wrapped do not count."""
    found: list[tuple[tuple[int, ...], list[str]]] = []
    for line, number in _lines(text):
        if number or not found or not found[-1][0]:
            found.append((number, [line]))
        else:
            found[-1][1].append(line)
    return [Clause(number, " ".join(lines)) for number, lines in found]


def folded(text: str) -> str:
    """The text as it is compared: runs of blanks and line ends are one space, small letters."""
    return " ".join(text.split()).casefold()


def _lines(text: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    for line in _LINE_ENDS.split(text):
        words = " ".join(line.split())
        if words:
            yield words, _number(line)


def _number(line: str) -> tuple[int, ...]:
    begun = _NUMBER.match(line)
    if begun is None:
        return ()
    parts = tuple(int(part) for part in begun["number"].replace("\\", "").split("."))
    return parts if len(parts) > 1 or begun["end"] else ()
