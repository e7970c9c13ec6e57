"""Authentication results: what one server's field says, token by token (RFC 8601 section 2.2)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

LONGEST = 4096
_DEEPEST_COMMENT = 20
_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)|(?P<quoted>\"(?:[^\"\\]|\\.)*\")|(?P<comment>\()|(?P<end>;)|(?P<is>=)"
    r"|(?P<word>[^\s()\\\";=]+)",
    re.DOTALL,
)
_IN_COMMENT = re.compile(r"\\.|[()]", re.DOTALL)


class Malformed(Exception):
    """The field does not follow the grammar, so nothing in it is believed."""


@dataclass(frozen=True)
class Result:
    """One method's result, `pass` or another word in lower case, with its properties."""

    method: str
    word: str
    properties: dict[str, str]


class _Token(NamedTuple):
    """`glued` where nothing stands between it and the token before; what was quoted stays so."""

    kind: str
    text: str
    glued: bool


def server_and_results(value: str) -> tuple[str, list[Result]]:
    """Whose field it is, in lower case, and its results. Raises Malformed.

    `value` is the field as it came: encoded words and other charsets have no meaning in it, and
    whoever read them would read what the writer of the message chose.
    """
    if len(value) > LONGEST:
        raise Malformed
    head, *rest = _split(_tokens(value)) or [[]]
    return _server(head), [_result(one) for one in rest if not _says_none(one)]


def _split(tokens: list[_Token]) -> list[list[_Token]]:
    by_end = groupby(tokens, lambda token: token.kind == "end")
    return [list(one) for is_end, one in by_end if not is_end]


def _tokens(value: str) -> list[_Token]:
    found: list[_Token] = []
    at, glued = 0, False
    while at < len(value):
        token = _TOKEN.match(value, at)
        if token is None:
            raise Malformed
        kind = str(token.lastgroup)
        at = _after_comment(value, token.end()) if kind == "comment" else token.end()
        if kind not in ("comment", "space"):
            found.append(_Token(kind, token[0], glued))
        glued = kind not in ("comment", "space")
    return found


def _after_comment(value: str, at: int) -> int:
    """Comments nest, and a backslash in one takes the next sign out of the count (RFC 5322)."""
    depth = 1
    for sign in _IN_COMMENT.finditer(value, at):
        depth += {"(": 1, ")": -1}.get(sign[0], 0)
        if depth == 0:
            return sign.end()
        if depth > _DEEPEST_COMMENT:
            break
    raise Malformed


def _server(head: list[_Token]) -> str:
    """The authserv-id, with nothing beside it but a version."""
    name, *version = head or [_Token("", "", False)]
    if name.kind not in ("word", "quoted") or any(not one.text.isdigit() for one in version):
        raise Malformed
    return _bare(name).lower()


def _says_none(tokens: list[_Token]) -> bool:
    return [token.text.lower() for token in tokens] == ["none"]


def _result(tokens: list[_Token]) -> Result:
    pairs = list(_pairs(tokens))
    if not pairs:
        raise Malformed
    (method, word), *told = pairs
    properties: dict[str, str] = {}
    for name, value in told:
        if properties.setdefault(name, value) != value:
            raise Malformed
    return Result(method.partition("/")[0], word, properties)


def _pairs(tokens: list[_Token]) -> Iterator[tuple[str, str]]:
    """Each `name=value`; space and comments may stand around the `=`, and not inside a value."""
    left = tokens
    while left:
        if len(left) < 3 or left[0].kind != "word" or left[1].kind != "is":
            raise Malformed
        size = 3
        while size < len(left) and left[size].glued:
            size += 1
        yield left[0].text.lower(), _value(left[2:size])
        left = left[size:]


def _value(tokens: list[_Token]) -> str:
    """What was quoted as a whole is a value like any other; a quoted local part stays quoted."""
    if len(tokens) == 1:
        return _bare(tokens[0]).lower()
    return "".join(token.text for token in tokens).lower()


def _bare(token: _Token) -> str:
    return re.sub(r"\\(.)", r"\1", token.text[1:-1]) if token.kind == "quoted" else token.text
