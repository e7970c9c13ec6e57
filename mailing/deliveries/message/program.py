"""A text with holes, ready to run: literal pieces, fields, and the conditions around them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mailing.deliveries.message.frame import BodyError
from mailing.deliveries.message.merge import Tag
from mailing.deliveries.message.readers import Reader, Test, Values, read_as, test_of

LARGEST_OUTPUT = 1024 * 1024  # octets of UTF-8 after the merge

# How the conditions of a text fell out: which branch was taken at each, in their order.
Choice = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Hole:
    """A tag at its place. `escape` says what fits there: as_text, as_html, as_url."""

    tag: Tag
    escape: str


Piece = str | Hole


@dataclass(frozen=True, slots=True)
class Straight:
    """A text whose conditions are decided: `texts` stand around `slots`, one more than those.

    A slot is the index of a value in what `Program.fill` gives.
    """

    texts: tuple[str, ...]
    slots: tuple[int, ...]

    def joined(self, values: list[str]) -> str:
        """The text with these values in it."""
        shown = [self.texts[0]]
        for slot, following in zip(self.slots, self.texts[1:], strict=True):
            shown += (values[slot], following)
        return "".join(shown)


class Program:
    """One compiled text: `choose` its branches, `fill` its holes, for one person."""

    __slots__ = ("_body", "_only", "_readers", "fixed")

    def __init__(self, pieces: Iterable[Piece]) -> None:
        builder = _Builder()
        self._body = builder.build(pieces)
        self._readers = tuple(builder.readers)
        has_branches = any(isinstance(node, _Branches) for node in self._body)
        only = None if has_branches else _straightened(_walk(self._body, iter(())))
        self._only = only
        self.fixed = only.texts[0] if only and not only.slots else None

    def choose(self, values: Values) -> Choice:
        """Decide every condition that is come upon."""
        return () if self._only else tuple(_decided(self._body, values))

    def straight(self, choice: Choice) -> Straight:
        """The text that is left once the conditions are decided."""
        return self._only or _straightened(_walk(self._body, iter(choice)))

    def fill(self, values: Values) -> list[str]:
        """Each different value that this text shows, as it fits where it stands."""
        return [read(values) for read in self._readers]

    def run(self, values: Values) -> str:
        """The whole text; raises `BodyError` when it passes 1 MiB."""
        text = self.straight(self.choose(values)).joined(self.fill(values))
        demand_fits(len(text.encode()))
        return text


def demand_fits(octets: int) -> None:
    """Raise `BodyError` for a text of more than 1 MiB."""
    if octets > LARGEST_OUTPUT:
        raise BodyError("The merged message is too large; shorten it.", "body")


@dataclass(slots=True)
class _Branches:
    """An `if` with all that follows it: the first body whose test holds is shown, or none."""

    tests: list[Test] = field(default_factory=list)
    bodies: list["_Body"] = field(default_factory=list)

    def decide(self, values: Values) -> int:
        held = (index for index, test in enumerate(self.tests) if test(values))
        return next(held, -1)


_Node = str | int | _Branches
_Body = list[_Node]


@dataclass(slots=True)
class _Builder:
    """Turn the flat pieces into the tree: a stack of bodies, one for each open branch."""

    readers: list[Reader] = field(default_factory=list)
    slots: dict[tuple[str, str], int] = field(default_factory=dict)
    bodies: list[_Body] = field(default_factory=lambda: [[]])
    conditions: list[_Branches] = field(default_factory=list)

    def build(self, pieces: Iterable[Piece]) -> _Body:
        for piece in pieces:
            if isinstance(piece, Hole):
                self._steer(piece)
            elif piece:
                self.bodies[-1].append(piece)
        return self.bodies[0]

    def _steer(self, hole: Hole) -> None:
        match hole.tag.word:
            case "value":
                self.bodies[-1].append(self._slot(hole))
            case "if":
                self.conditions.append(_Branches())
                self.bodies[-1].append(self.conditions[-1])
                self._open(hole.tag)
            case "elif" | "else":
                self.bodies.pop()
                self._open(hole.tag)
            case _:
                self.bodies.pop()
                self.conditions.pop()

    def _slot(self, hole: Hole) -> int:
        """The place of a value; the same value, escaped the same way, is read once."""
        slot = self.slots.setdefault((repr(hole.tag.expression), hole.escape), len(self.readers))
        if slot == len(self.readers):
            self.readers.append(read_as(hole.tag.expression, hole.escape))
        return slot

    def _open(self, tag: Tag) -> None:
        condition = self.conditions[-1]
        condition.tests.append(test_of(tag.expression))
        condition.bodies.append([])
        self.bodies.append(condition.bodies[-1])


def _decided(body: _Body, values: Values) -> Iterator[int]:
    for node in body:
        if isinstance(node, _Branches):
            taken = node.decide(values)
            yield taken
            if taken >= 0:
                yield from _decided(node.bodies[taken], values)


def _walk(body: _Body, choice: Iterator[int]) -> Iterator[str | int]:
    for node in body:
        if not isinstance(node, _Branches):
            yield node
        elif (taken := next(choice)) >= 0:
            yield from _walk(node.bodies[taken], choice)


def _straightened(flow: Iterable[str | int]) -> Straight:
    texts: list[list[str]] = [[]]
    slots: list[int] = []
    for node in flow:
        if isinstance(node, str):
            texts[-1].append(node)
        else:
            slots.append(node)
            texts.append([])
    return Straight(tuple("".join(text) for text in texts), tuple(slots))
