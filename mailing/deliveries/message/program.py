"""A text with holes, ready to run: literal pieces, fields and conditions, in Jinja's sandbox.

The program is built as a tree, never as template source, so nothing that an author wrote as
text can be read as a tag later on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote

from jinja2 import Template, nodes

from mailing.deliveries.message.frame import FIELDS, BodyError, Recipient, UnsafeValue, one_line
from mailing.deliveries.message.grammar import SANDBOX
from mailing.deliveries.message.merge import Tag

LARGEST_OUTPUT = 512 * 1024  # characters after the merge
LONGEST_VALUE = 1000  # characters of one field


@dataclass(frozen=True, slots=True)
class Hole:
    """A tag at its place. `escape` is the filter that fits there: as_text, as_html, as_url."""

    tag: Tag
    escape: str


Piece = str | Hole


def _default(value: str, fallback: str) -> str:
    return value or fallback


def _as_url(value: str) -> str:
    return quote(value, safe="")


SANDBOX.filters = {
    "default": _default,
    "lower": str.lower,
    "upper": str.upper,
    "as_text": str,
    "as_html": escape,
    "as_url": _as_url,
}


def merge_values(recipient: Recipient) -> dict[str, str]:
    """Give every field of the closed list a text, empty where unset.

    Raises `UnsafeValue` for a control character or a value beyond 1000 characters.
    """
    values = dict.fromkeys(FIELDS, "")
    for name in FIELDS:
        value = one_line(name, recipient.fields.get(name) or "")
        if len(value) > LONGEST_VALUE:
            raise UnsafeValue(f"{name} is longer than {LONGEST_VALUE} characters.", name)
        values[name] = value
    values["email"] = one_line("email", recipient.address)
    return values


class Program:
    """One compiled text. `run` gives it for one person; `is_fixed` when all get the same."""

    __slots__ = ("_template", "fixed")

    def __init__(self, pieces: Iterable[Piece]) -> None:
        body = _Builder().build(pieces)
        self.fixed = _fixed_text(body)
        self._template = None if self.fixed is not None else _compile(body)

    def run(self, values: Mapping[str, str]) -> str:
        """Fill in; raises `BodyError` when the result passes 512 Ki characters."""
        if self._template is None:
            return self.fixed or ""
        text = self._template.render(values)
        if len(text) > LARGEST_OUTPUT:
            raise BodyError("The merged message is too large; shorten it.", "body")
        return text


@dataclass(slots=True)
class _Builder:
    """Turn the flat pieces into the tree: a stack of bodies, one for each open branch."""

    bodies: list[list[nodes.Node]] = field(default_factory=lambda: [[]])
    conditions: list[nodes.If] = field(default_factory=list)

    def build(self, pieces: Iterable[Piece]) -> list[nodes.Node]:
        for piece in pieces:
            if isinstance(piece, Hole):
                self._steer(piece)
            elif piece:
                self._add(nodes.TemplateData(piece))
        return self.bodies[0]

    def _add(self, shown: nodes.Expr) -> None:
        self.bodies[-1].append(nodes.Output([shown], lineno=1))

    def _steer(self, hole: Hole) -> None:
        match hole.tag.word:
            case "value":
                self._add(nodes.Filter(hole.tag.expression, hole.escape, [], [], None, None))
            case "if":
                self._open(hole.tag, is_chained=False)
            case "elif":
                self.bodies.pop()
                self._open(hole.tag, is_chained=True)
            case "else":
                self.bodies[-1] = self._whole().else_
            case _:
                self.bodies.pop()
                self.conditions.pop()

    def _open(self, tag: Tag, *, is_chained: bool) -> None:
        branch = nodes.If(tag.expression, [], [], [], lineno=1)
        if is_chained:
            self._whole().elif_.append(branch)
        else:
            self.bodies[-1].append(branch)
            self.conditions.append(branch)
        self.bodies.append(branch.body)

    def _whole(self) -> nodes.If:
        return self.conditions[-1]


def _fixed_text(body: list[nodes.Node]) -> str | None:
    texts = [
        node.nodes[0].data
        for node in body
        if isinstance(node, nodes.Output) and isinstance(node.nodes[0], nodes.TemplateData)
    ]
    return "".join(texts) if len(texts) == len(body) else None


def _compile(body: list[nodes.Node]) -> Template:
    tree = nodes.Template(body, lineno=1)
    tree.set_environment(SANDBOX)
    tree.set_lineno(1)
    return SANDBOX.from_string(tree)
