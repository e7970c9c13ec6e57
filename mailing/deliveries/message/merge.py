"""Merge tags in the author's text: found, read, and hidden while the text is converted.

Markdown, MJML, the cleaner and the style inliner each mangle `{{ }}` in their own way. So every
tag is first replaced by a plain word of letters and digits, which all of them leave alone; the
word is turned back into the tag once the final text stands (`weave`). Conditions in HTML are
hidden as comments, because a parser moves stray words out of a table, and leaves comments be.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from html import unescape

from jinja2 import nodes

from mailing.deliveries.message.frame import BodyError
from mailing.deliveries.message.grammar import Scope, read_test, read_value

LONGEST_TEXT = 256 * 1024  # characters of one body
MOST_TAGS = 2000
DEEPEST_NESTING = 8
CLOSERS = {"{{": "}}", "{%": "%}", "{#": "#}"}
OPENER = re.compile(r"\{[{%#]")


@dataclass(frozen=True, slots=True)
class Tag:
    """One merge tag. `word` is `value`, `if`, `elif`, `else` or `endif`."""

    word: str
    line: int
    expression: nodes.Expr | None = None

    @property
    def is_condition(self) -> bool:
        """Tell the tags that steer from the one that shows something."""
        return self.word != "value"


@dataclass(frozen=True, slots=True)
class Draft:
    """A text whose tags are hidden: `pattern` finds them; its group 1 is the index in `tags`.

    The second group tells where the tag stands: `x` as written, `u` inside an address that the
    text part prints.
    """

    text: str
    tags: tuple[Tag, ...]
    pattern: re.Pattern[str]


@dataclass(slots=True)
class _Reader:
    declared: tuple[str, ...]
    in_markup: bool
    tags: list[Tag] = field(default_factory=list)
    open_scopes: list[Scope] = field(default_factory=list)

    def scope(self, line: int) -> Scope:
        outer = self.open_scopes[-1].certain if self.open_scopes else frozenset({"email"})
        return Scope(self.declared, line, outer)

    def read(self, opener: str, inner: str, line: int) -> Tag:
        scope = self.scope(line)
        if inner.startswith(("-", "+")) or inner.endswith(("-", "+")):
            raise scope.refuse("white space control is not part of the merge language.")
        source = unescape(inner) if self.in_markup else inner
        if opener == "{{":
            return Tag("value", line, read_value(source.strip(), scope))
        return self._steer(source.strip(), scope)

    def _steer(self, source: str, scope: Scope) -> Tag:
        word, _, rest = source.partition(" ")
        match word:
            case "if":
                return self._open("if", rest, scope)
            case "elif" | "else" | "endif" if not self.open_scopes:
                raise scope.refuse(f"{{% {word} %}} stands here without its {{% if %}}.")
            case "elif":
                self.open_scopes.pop()
                return self._open("elif", rest, self.scope(scope.line))
            case "else" | "endif" if rest:
                raise scope.refuse(f"nothing may follow “{word}”.")
            case "else":
                return self._turn(scope)
            case "endif":
                self.open_scopes.pop()
                return Tag("endif", scope.line)
        raise scope.refuse(f"“{word}” is not part of the merge language; there is if and else.")

    def _open(self, word: str, rest: str, scope: Scope) -> Tag:
        if len(self.open_scopes) >= DEEPEST_NESTING:
            raise scope.refuse(f"conditions may be nested {DEEPEST_NESTING} deep at most.")
        test = read_test(rest.strip(), scope)
        self.open_scopes.append(scope.given(test))
        return Tag(word, scope.line, test)

    def _turn(self, scope: Scope) -> Tag:
        closed = self.open_scopes.pop()
        self.open_scopes.append(self.scope(closed.line))
        return Tag("else", scope.line)


def hide(source: str, declared: tuple[str, ...], *, in_markup: bool = False) -> Draft:
    """Read every merge tag and replace it by a word; raises `BodyError` with the line.

    `in_markup` says that the text is HTML or MJML: then quotes inside a tag may be entities.
    """
    if len(source) > LONGEST_TEXT:
        raise BodyError(f"The text is longer than {LONGEST_TEXT} characters; shorten it.", "body")
    key = "kmx" + sha256(source.encode(errors="replace")).hexdigest()[:10]
    reader = _Reader(declared, in_markup)
    text = "".join(_pieces(source, key, reader))
    if reader.open_scopes:
        raise reader.open_scopes[-1].refuse("this {% if %} has no {% endif %}.")
    _refuse_crossed(reader.tags)
    return Draft(text, tuple(reader.tags), re.compile(key + r"(\d{4})([xu])"))


def _pieces(source: str, key: str, reader: _Reader) -> Iterator[str]:
    position = 0
    line = 1
    while found := OPENER.search(source, position):
        start, opener = found.start(), found[0]
        line += source.count("\n", position, start)
        yield source[position:start]
        end = source.find(CLOSERS[opener], start + 2)
        if end < 0:
            raise BodyError(f"Line {line}: “{opener}” is not closed.", "body")
        if opener != "{#":
            yield _word(key, reader, reader.read(opener, source[start + 2 : end], line))
        line += source.count("\n", start, end + 2)
        position = end + 2
    yield source[position:]


def _word(key: str, reader: _Reader, tag: Tag) -> str:
    if len(reader.tags) == MOST_TAGS:
        raise BodyError(f"Line {tag.line}: there are more than {MOST_TAGS} merge tags.", "body")
    reader.tags.append(tag)
    word = f"{key}{len(reader.tags) - 1:04d}x"
    return f"<!--{word}-->" if tag.is_condition and reader.in_markup else word


def _refuse_crossed(tags: list[Tag]) -> None:
    """After `else` only `endif` may come on the same level."""
    ended: list[bool] = []
    for tag in tags:
        match tag.word:
            case "if":
                ended.append(False)
            case "endif":
                ended.pop()
            case "elif" | "else" if ended[-1]:
                raise BodyError(f"Line {tag.line}: “{tag.word}” comes after “else”.", "body")
            case "else":
                ended[-1] = True
