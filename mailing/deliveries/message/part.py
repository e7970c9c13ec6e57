"""A body part: its text with the values of one person, encoded, most of it long before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mailing.deliveries.message.layout import Layout
from mailing.deliveries.message.mime import base64_lines, is_plain, part_head
from mailing.deliveries.message.plaintext import MANY_LINES
from mailing.deliveries.message.program import Program, Straight, demand_fits
from mailing.deliveries.message.readers import Values

# What a part may keep, in octets and in ways that its conditions fall out. What comes after is
# encoded as a whole: a field of many lengths must not fill the memory of a worker.
ROOM = 4 * 1024 * 1024
MOST_CHOICES = 64


class Encoded(NamedTuple):
    """A part with its header, in pieces of so many octets together, CRLF between the lines and none
    at the end.

    Base64 needs no dot doubled, nor can it hold anything that does harm.
    """

    pieces: Sequence[bytes]
    size: int
    is_base64: bool


class Part:
    """One of the two parts of a message, `plain` or `html`, its header included."""

    __slots__ = ("_program", "_room", "_subtype", "_ways")

    def __init__(self, subtype: str, program: Program) -> None:
        self._subtype = subtype
        self._program = program
        self._room = _Room(ROOM)
        self._ways: dict[tuple[int, ...], _Way] = {}

    def encoded(self, values: Values) -> Encoded:
        """Header and body. Raises `BodyError` when the text passes 1 MiB."""
        choice = self._program.choose(values)
        way = self._ways.get(choice) or self._open(choice)
        return way.encoded(self._program.fill(values))

    def text(self, values: Values) -> str:
        """The text itself, as a reader sees it; lines end in LF. Raises `BodyError`."""
        text = self._program.run(values)
        return _tidied(text) if self._subtype == "plain" else text

    def _open(self, choice: tuple[int, ...]) -> "_Way":
        is_kept = len(self._ways) < MOST_CHOICES
        way = _Way(self._subtype, self._program.straight(choice), self._room if is_kept else NONE)
        if is_kept:
            self._ways[choice] = way
        return way


@dataclass(slots=True)
class _Room:
    left: int


NONE = _Room(0)


class _Way:
    """A part whose conditions are decided; knows its layouts by the lengths of the values."""

    __slots__ = ("_has_letters", "_head", "_layouts", "_room", "_straight", "_subtype")

    def __init__(self, subtype: str, straight: Straight, room: _Room) -> None:
        self._subtype = subtype
        self._straight = straight
        self._room = room
        self._layouts: dict[tuple[int, ...], Layout] = {}
        # What is left may still need no encoding for one person and need it for another.
        self._has_letters = not all(map(is_plain, straight.texts))
        self._head = part_head(subtype, "base64")

    def encoded(self, values: list[str]) -> Encoded:
        if self._has_letters:
            octets = list(map(str.encode, values))
            lengths = tuple(map(len, octets))
            layout = self._layouts.get(lengths) or self._lay(lengths)
            if layout:
                return Encoded(layout.splice(octets), layout.octets, True)
        return self._whole(values)

    def _whole(self, values: list[str]) -> Encoded:
        joined = self._straight.joined(values)
        text = _tidied(joined) if self._subtype == "plain" else joined
        octets = text.replace("\n", "\r\n").encode()
        demand_fits(len(octets))
        # By the pieces first, as a layout judges: a retry has the same octets with and without one.
        if not self._has_letters and is_plain(text):
            plain = part_head(self._subtype, "7bit") + octets
            return Encoded([plain], len(plain), False)
        encoded = self._head + b"\r\n".join(base64_lines(octets))
        return Encoded([encoded], len(encoded), True)

    def _lay(self, lengths: tuple[int, ...]) -> Layout | None:
        if self._room.left <= 0:
            return None
        straight = _without(self._straight, lengths)
        tidy = _tidied if self._subtype == "plain" else str
        texts = [tidy(text).replace("\n", "\r\n").encode() for text in straight.texts]
        demand_fits(sum(map(len, texts)) + sum(lengths[slot] for slot in straight.slots))
        layout = Layout(self._head, texts, straight.slots, lengths)
        self._room.left -= layout.size
        self._layouts[lengths] = layout
        return layout


def _without(straight: Straight, lengths: Sequence[int]) -> Straight:
    """The same without the values that are empty, so that no gap is left where one stood."""
    texts, slots = [straight.texts[0]], []
    for slot, following in zip(straight.slots, straight.texts[1:], strict=True):
        if lengths[slot]:
            slots.append(slot)
            texts.append(following)
        else:
            texts[-1] += following
    return Straight(tuple(texts), tuple(slots))


def _tidied(text: str) -> str:
    """A condition or a value that left nothing behind leaves no gap of empty lines either."""
    return MANY_LINES.sub("\n\n", text) if "\n\n\n" in text else text
