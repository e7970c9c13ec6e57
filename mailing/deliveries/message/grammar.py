"""The merge language: what may stand between `{{ }}` and `{% %}`, and nothing else.

A field, with a fallback, in upper or lower case; a condition on fields. Jinja reads it; the
tree that it gives is compared with an allow-list, so loops, arithmetic, calls, attributes and
whatever a later Jinja invents are refused before anything runs.
"""

from dataclasses import dataclass, replace

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mailing.campaigns.content import LINK
from mailing.deliveries.message.frame import FIELDS, BodyError

LONGEST_TAG = 500  # characters; also bounds the depth of the parser's recursion
FILTERS = ("default", "lower", "upper")

# It only reads, and has not a single global or test to reach for all the same.
SANDBOX = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
SANDBOX.globals.clear()
SANDBOX.tests.clear()


@dataclass(frozen=True, slots=True)
class Scope:
    """Which fields may be used, which are known to be set here, and in which line we are."""

    declared: tuple[str, ...]
    line: int
    certain: frozenset[str] = frozenset({"email"})

    def given(self, test: nodes.Expr) -> "Scope":
        """Inside `{% if given_name %}` the field is set, so it needs no fallback."""
        return replace(self, certain=self.certain | _fields_made_certain(test))

    def refuse(self, sentence: str) -> BodyError:
        """Word an error of this line."""
        return BodyError(f"Line {self.line}: {sentence}", "body")


def read_value(source: str, scope: Scope) -> nodes.Expr:
    """Read what stands in `{{ … }}`; raises `BodyError`."""
    expression = _parse(source, scope)
    _check_value(expression, scope, needs_fallback=True)
    return expression


def read_test(source: str, scope: Scope) -> nodes.Expr:
    """Read the condition of `{% if … %}`; raises `BodyError`."""
    expression = _parse(source, scope)
    _check_test(expression, scope)
    return expression


def _parse(source: str, scope: Scope) -> nodes.Expr:
    if len(source) > LONGEST_TAG:
        raise scope.refuse(f"a merge field may be {LONGEST_TAG} characters long at most.")
    try:
        tree = SANDBOX.parse("{{ " + source + " }}").body
    except TemplateSyntaxError as problem:
        raise scope.refuse(f"{{{{ {source} }}}} cannot be read: {problem.message}.") from None
    match tree:
        case [nodes.Output(nodes=[nodes.Expr() as expression])]:
            return expression
    raise scope.refuse(f"{{{{ {source} }}}} is not one merge field.")


def _check_value(node: nodes.Node, scope: Scope, *, needs_fallback: bool) -> None:
    match node:
        case nodes.Name(name=name):
            _check_field(name, scope, needs_fallback=needs_fallback)
        case nodes.Filter(name="default", node=nodes.Name() as field):
            _check_default(node, scope)
            _check_field(field.name, scope, needs_fallback=False)
        case nodes.Filter(name="lower" | "upper", node=nodes.Expr() as inner, args=[], kwargs=[]):
            _check_value(inner, scope, needs_fallback=needs_fallback)
        case _:
            raise scope.refuse(_why_refused(node))


def _check_field(name: str, scope: Scope, *, needs_fallback: bool) -> None:
    if name == LINK:
        return  # Everybody has one, whatever the policy version declares.
    if name not in FIELDS:
        known = ", ".join(scope.declared)
        raise scope.refuse(f"there is no field “{name}”; the fields are {known}.")
    if name not in scope.declared:
        raise scope.refuse(f"the policy version does not declare the field “{name}”.")
    if needs_fallback and name not in scope.certain:
        raise scope.refuse(f"{name} needs a fallback: {{{{ {name}|default('…') }}}}.")


def _check_default(node: nodes.Filter, scope: Scope) -> None:
    match node.args:
        case [nodes.Const(value=str())] if not node.kwargs:
            return
    raise scope.refuse("a fallback is one text in quotes: default('…').")


def _check_test(node: nodes.Node, scope: Scope) -> None:
    match node:
        case nodes.And(left=left, right=right) | nodes.Or(left=left, right=right):
            _check_test(left, scope)
            _check_test(right, scope)
        case nodes.Not(node=inner):
            _check_test(inner, scope)
        case nodes.Compare(expr=left, ops=[nodes.Operand(op="eq" | "ne", expr=right)]):
            _check_side(left, scope)
            _check_side(right, scope)
        case _:
            _check_value(node, scope, needs_fallback=False)


def _check_side(node: nodes.Node, scope: Scope) -> None:
    if not (isinstance(node, nodes.Const) and isinstance(node.value, str)):
        _check_value(node, scope, needs_fallback=False)


def _fields_made_certain(test: nodes.Expr) -> frozenset[str]:
    match test:
        case nodes.Name(name=name):
            return frozenset({name})
        case nodes.And(left=left, right=right):
            return _fields_made_certain(left) | _fields_made_certain(right)
    return frozenset()


def _why_refused(node: nodes.Node) -> str:
    match node:
        case nodes.Call():
            return "nothing can be called in a message; only fields can be shown."
        case nodes.Getattr() | nodes.Getitem():
            return "a field has no parts: no dots and no square brackets."
        case nodes.BinExpr() | nodes.UnaryExpr() | nodes.Concat():
            return "there is no arithmetic in a message; write the text outside of {{ }}."
        case nodes.Filter(name=name) if name not in FILTERS:
            return f"there is no filter “{name}”; there are {', '.join(FILTERS)}."
        case nodes.Filter(name="default"):
            return "default('…') stands directly behind the field."
        case nodes.Test():
            return "ask for a field by its name alone: {% if given_name %}."
    return "only a field stands here, as in {{ given_name|default('…') }}."
