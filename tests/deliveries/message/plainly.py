"""A message rendered the plain way: by Jinja, as a whole, with nothing prepared.

What the product splices together is compared with this.
"""

import re
from collections.abc import Iterable
from html import escape
from urllib.parse import quote

from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mailing.deliveries.message import Content, Frame, Preview, Recipient, Stamp
from mailing.deliveries.message.composing import faces
from mailing.deliveries.message.frame import FIELDS
from mailing.deliveries.message.program import Hole, Piece
from mailing.deliveries.message.signedup import sentences

PLAIN = ImmutableSandboxedEnvironment()
PLAIN.filters = {
    "default": lambda value, fallback: value or fallback,
    "lower": str.lower,
    "upper": str.upper,
    "as_text": str,
    "as_html": escape,
    "as_url": lambda value: quote(value, safe=""),
}


def plainly(content: Content, frame: Frame, recipient: Recipient, stamp: Stamp) -> Preview:
    """What this person would read."""
    written = faces(content, frame)
    values = {name: recipient.fields.get(name) or "" for name in FIELDS}
    values |= {"email": recipient.address, "leave_url": stamp.leave_url}
    values["preferences_url"] = stamp.preferences_url
    values["signed_up"] = sentences(content.language, frame)(stamp.signed_up)
    shown = [_run(face, values) for face in (written.subject, written.html, written.text)]
    return Preview(shown[0], shown[1], re.sub("\n{3,}", "\n\n", shown[2]))


def _run(pieces: Iterable[Piece], values: dict[str, str]) -> str:
    tree = nodes.Template(_body(iter([*pieces, None])), lineno=1)
    tree.set_environment(PLAIN)
    tree.set_lineno(1)
    return str(PLAIN.from_string(tree).render(values))


def _body(pieces: Iterable[Piece | None]) -> list[nodes.Node]:
    stack: list[list[nodes.Node]] = [[]]
    conditions: list[nodes.If] = []
    for piece in pieces:
        if piece is None:
            break
        if isinstance(piece, str):
            stack[-1].append(nodes.Output([nodes.TemplateData(piece)], lineno=1))
        elif piece.tag.word == "value":
            shown = nodes.Filter(piece.tag.expression, piece.escape, [], [], None, None)
            stack[-1].append(nodes.Output([shown], lineno=1))
        else:
            _steer(piece, stack, conditions)
    return stack[0]


def _steer(hole: Hole, stack: list[list[nodes.Node]], conditions: list[nodes.If]) -> None:
    word = hole.tag.word
    if word != "if":
        stack.pop()
    if word == "endif":
        conditions.pop()
    elif word == "else":
        stack.append(conditions[-1].else_)
    else:
        branch = nodes.If(hole.tag.expression, [], [], [], lineno=1)
        stack.append(branch.body)
        if word == "elif":
            conditions[-1].elif_.append(branch)
        else:
            stack[-2].append(branch)
            conditions.append(branch)
