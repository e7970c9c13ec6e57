"""Blocks: a message as a list of small forms. The list is kept as JSON in the body."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mailing.base.errors import Invalid

MOST_BLOCKS = 60


class BlockKind(StrEnum):
    """What a block shows."""

    TEXT = "text"
    HEADING = "heading"
    IMAGE = "image"
    BUTTON = "button"
    DIVIDER = "divider"
    COLUMNS = "columns"
    PRODUCT = "product"


# What each kind is made of, in the order of its form. `text`, `left` and `right` are Markdown.
PARTS: dict[str, tuple[str, ...]] = {
    BlockKind.TEXT: ("text",),
    BlockKind.HEADING: ("words", "level"),
    BlockKind.IMAGE: ("image", "alt", "decorative", "link"),
    BlockKind.BUTTON: ("words", "link"),
    BlockKind.DIVIDER: (),
    BlockKind.COLUMNS: ("left", "right"),
    BlockKind.PRODUCT: ("image", "alt", "decorative", "words", "price", "text", "label", "link"),
}
# What is chosen, not written: it alone does not make a block begun.
_CHOSEN = frozenset({"level", "decorative"})


@dataclass(frozen=True)
class Block:
    """One block; `said` has a text for each part of its kind that is not empty."""

    kind: str
    said: Mapping[str, str] = field(default_factory=dict)

    def part(self, name: str) -> str:
        """What stands in a part; empty where nothing does."""
        return self.said.get(name, "")

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been written in it; a divider has nothing to write."""
        written = [name for name, text in self.said.items() if name not in _CHOSEN and text.strip()]
        return self.kind != BlockKind.DIVIDER and not written


def block(kind: str, said: Mapping[str, str]) -> Block:
    """A block of what belongs to its kind; raises Invalid for a kind that there is not."""
    if kind not in PARTS:
        raise Invalid(f"There is no block “{kind}”; there are {', '.join(PARTS)}.", "body")
    return Block(kind, {name: said[name] for name in PARTS[kind] if said.get(name)})


def to_body(blocks: Iterable[Block]) -> str:
    """The list as a body keeps it; empty for no block at all."""
    listed = [{"kind": one.kind, **one.said} for one in blocks]
    return json.dumps(listed, ensure_ascii=False, indent=1) if listed else ""


def from_body(body: str) -> list[Block]:
    """The list that a body keeps; raises Invalid for what is no list of blocks."""
    if not body.strip():
        return []
    try:
        listed = json.loads(body)
    except (ValueError, RecursionError):
        raise Invalid("These blocks cannot be read: they are no JSON.", "body") from None
    if not isinstance(listed, list) or len(listed) > MOST_BLOCKS:
        raise Invalid(f"Blocks are a list of at most {MOST_BLOCKS}.", "body")
    return [_one(found) for found in listed]


def images_in(body: str) -> set[str]:
    """The names of the images that these blocks show."""
    return {one.part("image") for one in from_body(body)} - {""}


def _one(found: object) -> Block:
    is_flat = isinstance(found, dict) and all(isinstance(text, str) for text in found.values())
    if not isinstance(found, dict) or not is_flat:
        raise Invalid("A block is an object of texts, with its kind.", "body")
    said = {name: text for name, text in found.items() if name != "kind"}
    strange = set(said) - set(PARTS.get(found.get("kind", ""), said))
    if strange:
        raise Invalid(f"A {found['kind']} block has no {', '.join(sorted(strange))}.", "body")
    return block(found.get("kind", ""), said)
