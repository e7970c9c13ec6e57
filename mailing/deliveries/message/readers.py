"""What a merge tag gives for one person: a closure, made once when the message is compiled.

Only the trees that the grammar let through come here, so nothing of Jinja is left when a
message is rendered: no template, no sandbox, no code that an author could have had a hand in.
"""

import re
from collections.abc import Callable, Mapping
from html import escape
from operator import itemgetter
from urllib.parse import quote

from jinja2 import nodes

Values = Mapping[str, str]
Reader = Callable[[Values], str]
Test = Callable[[Values], bool]

_marks_up = re.compile("[&<>\"']").search


def read_as(expression: nodes.Expr | None, way: str) -> Reader:
    """The value of a tag, made fit for where it stands: as_text, as_html or as_url."""
    read = _reader(expression)
    if way == "as_html":
        return _escaping(read)
    if way == "as_url":
        return lambda values: quote(read(values), safe="")
    return read


def test_of(expression: nodes.Expr | None) -> Test:
    """The condition of an `if` or `elif`; that of an `else` is always true."""
    match expression:
        case None:
            return lambda values: True
        case nodes.Not(node=inner):
            holds = test_of(inner)
            return lambda values: not holds(values)
        case nodes.And(left=left, right=right):
            first, second = test_of(left), test_of(right)
            return lambda values: first(values) and second(values)
        case nodes.Or(left=left, right=right):
            first, second = test_of(left), test_of(right)
            return lambda values: first(values) or second(values)
        case nodes.Compare():
            return _comparison(expression)
    read = _reader(expression)
    return lambda values: bool(read(values))


def _escaping(read: Reader) -> Reader:
    def escaped(values: Values) -> str:
        # Most hold nothing that HTML reads: one look, where `escape` replaces five times.
        value = read(values)
        return escape(value) if _marks_up(value) else value

    return escaped


def _comparison(node: nodes.Compare) -> Test:
    left, right = _reader(node.expr), _reader(node.ops[0].expr)
    if node.ops[0].op == "eq":
        return lambda values: left(values) == right(values)
    return lambda values: left(values) != right(values)


def _reader(expression: nodes.Expr | None) -> Reader:
    match expression:
        case nodes.Name(name=name):
            return itemgetter(name)
        case nodes.Const(value=str() as text):
            return lambda values: text
        case nodes.Filter(
            name="default", node=nodes.Name(name=name), args=[nodes.Const() as other]
        ):
            fallback = str(other.value)
            return lambda values: values[name] or fallback
        case nodes.Filter(name="lower", node=nodes.Expr() as inner):
            read = _reader(inner)
            return lambda values: read(values).lower()
        case nodes.Filter(name="upper", node=nodes.Expr() as inner):
            read = _reader(inner)
            return lambda values: read(values).upper()
    raise TypeError(f"the grammar lets no {type(expression).__name__} through")
