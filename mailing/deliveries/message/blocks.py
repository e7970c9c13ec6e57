"""Blocks to the HTML and the text of a mail: each is converted, cleaned and woven by itself.

So a fault is told of its block, and a condition that is opened in a block ends in it. Tables are
for layout only and say so; text and background are set together, because mail programs invert
either in the dark; an image says what it shows, or that it shows nothing of weight.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from html import escape

from mailing.base.errors import Invalid
from mailing.campaigns.blocks import PARTS, Block, BlockKind, from_body
from mailing.deliveries.message.cleaning import LARGEST, clean
from mailing.deliveries.message.counting import Counter
from mailing.deliveries.message.frame import BodyError, Frame
from mailing.deliveries.message.markdown import STYLES, from_markdown
from mailing.deliveries.message.merge import LONGEST_TEXT, Draft, hide
from mailing.deliveries.message.plaintext import plain_text
from mailing.deliveries.message.program import Piece
from mailing.deliveries.message.weave import weave_html, weave_text

# The name tells the width and the height, so that no mail program has to guess them.
IMAGE_NAME = re.compile(r"[0-9a-f]{64}-(\d{1,5})x(\d{1,5})\.(?:png|jpg)")
COLUMN_WIDTH, HALF_WIDTH = 552, 264
_UNDER = "display: block !important; width: 100% !important; padding: 0 0 16px !important"
PHONE = f"@media (max-width: 480px) {{ td.half {{ {_UNDER} }} }}"
# Between the parts of one block while their merge tags are read; no text can hold it.
_SEAM = "\n\x1e\n"
_LINE = re.compile(r"Line (\d+): ")
_TABLE = '<table role="presentation" cellpadding="0" cellspacing="0" border="0"'
_HALF = 'class="half" width="50%" valign="top" style="vertical-align:top;background-color:#ffffff;'
# Where a link leads and what is chosen holds no line of its own: white space around it is nothing.
_ADDRESSES = frozenset({"link", "image", "level", "decorative"})


@dataclass(frozen=True, slots=True)
class Woven:
    """Both faces of the author's words, with their holes; `is_wide` if they lay themselves out."""

    html: list[Piece]
    text: list[Piece]
    styles: str = ""
    is_wide: bool = False


def weave_blocks(body: str, frame: Frame, counter: Counter) -> Woven:
    """Both faces of all blocks that say something; their links pass the counter.

    Raises `BodyError`; its field is the block's number (from 1) and the part, as in `3-link`.
    """
    html: list[Piece] = []
    text: list[Piece] = []
    blocks = _blocks(body)
    for number, block in enumerate(blocks, 1):
        if not block.is_empty:
            markup, words = _both(block, number, frame, counter)
            html += [*markup, "\n"]
            text += [*words, "\n\n"]
    _demand_something(html)
    return Woven(html, text, PHONE if any(b.kind in _IN_HALVES for b in blocks) else "")


def _blocks(body: str) -> list[Block]:
    if len(body) > LONGEST_TEXT:
        raise BodyError(f"The text is longer than {LONGEST_TEXT} characters; shorten it.", "body")
    try:
        return from_body(body)
    except Invalid as wrong:
        raise BodyError(wrong.message, wrong.field) from None


def _demand_something(html: list[Piece]) -> None:
    if not html:
        raise BodyError("Write a message: no block says anything yet.", "body")
    if sum(len(piece) for piece in html if isinstance(piece, str)) > LARGEST:
        raise BodyError("The page is too large for a mail; shorten it.", "body")


def _both(
    block: Block, number: int, frame: Frame, counter: Counter
) -> tuple[list[Piece], list[Piece]]:
    """One block's faces; whatever is wrong in it is said of its part, and of the line there."""
    names = [name for name in PARTS[block.kind] if block.part(name)]
    try:
        _demand_whole(block)
        _demand_closed(block, names, frame)
        draft = hide(_SEAM.join(_plain(block, name) for name in names), frame.fields)
        parts = dict(zip(names, draft.text.split(_SEAM), strict=bool(names)))
        cleaned = clean(_MARKUP[block.kind](_Parts(parts, draft, frame)))
        markup = counter.lead(cleaned, draft)
        return weave_html(markup, draft), weave_text(plain_text(markup, draft), draft)
    except BodyError as wrong:
        raise _placed(wrong, block, number, names) from None


def _plain(block: Block, name: str) -> str:
    said = block.part(name).replace("\x1e", " ")
    return said.strip() if name in _ADDRESSES else said


def _demand_closed(block: Block, names: list[str], frame: Frame) -> None:
    """Whatever is opened in a part ends in it: read alone, each part makes sense."""
    for name in names:
        try:
            hide(_plain(block, name), frame.fields)
        except BodyError as wrong:
            raise BodyError(wrong.message, name) from None


def _placed(wrong: BodyError, block: Block, number: int, names: list[str]) -> BodyError:
    """Say in which block it is, in which part, and in which line of it where it has several."""
    found = _LINE.match(wrong.message)
    line, message = (int(found[1]), wrong.message[found.end() :]) if found else (1, wrong.message)
    part = wrong.field if wrong.field in PARTS[block.kind] else ""
    if found and not part:
        part, line = _part_of(line, block, names)
    is_long = found and "\n" in _plain(block, part)
    where = f"Block {number}, line {line}" if is_long else f"Block {number}"
    return BodyError(f"{where}: {message}", f"{number}-{part or _first(block)}")


def _part_of(line: int, block: Block, names: list[str]) -> tuple[str, int]:
    """The part that a line of all parts together is in, and which of its own lines it is."""
    for name in names:
        lines = _plain(block, name).count("\n") + 1
        if line <= lines:
            return name, line
        line -= lines + 1
    return _first(block), 1


def _first(block: Block) -> str:
    return (*PARTS[block.kind], "kind")[0]


def _demand_whole(block: Block) -> None:
    """What a reader would miss is refused: words on a button, where it leads, what is shown."""
    if block.kind == BlockKind.BUTTON or block.part("label"):
        _demand(block, "link", "A button leads nowhere: write its address, beginning https://.")
    if block.kind in (BlockKind.BUTTON, BlockKind.HEADING, BlockKind.PRODUCT):
        _demand(block, "words", "Words are missing: nobody could tell what this is.")
    if block.kind == BlockKind.IMAGE:
        _demand(block, "image", "Choose an image, or delete this block.")
    if block.part("image") and not block.part("decorative"):
        sentence = "Say what the image shows, or tick that it only decorates."
        _demand(block, "alt", sentence)


def _demand(block: Block, name: str, sentence: str) -> None:
    if not block.part(name).strip():
        raise BodyError(sentence, name)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of one block, merge tags hidden."""

    said: Mapping[str, str]
    draft: Draft
    frame: Frame

    def words(self, name: str) -> str:
        return escape(self.said.get(name, "").strip())

    def markdown(self, name: str) -> str:
        said = self.said.get(name, "")
        if not said.strip():
            return ""
        return from_markdown(replace(self.draft, text=said), self.frame.link_colour)

    def linked(self, inner: str, style: str) -> str:
        link = self.said.get("link", "")
        return f'<a href="{escape(link)}" style="{style}">{inner}</a>' if link else inner

    def image(self, widest: int) -> str:
        """The image as wide as it is, or as there is room; empty where there is none."""
        name = self.said.get("image", "")
        if not name:
            return ""
        found = IMAGE_NAME.fullmatch(name)
        if not found:
            raise BodyError("This image is not one that was uploaded here.", "image")
        alt = "" if self.said.get("decorative") else self.words("alt")
        width = min(int(found[1]), widest)
        shown = f'<img src="{escape(self.frame.images_url + name)}" alt="{alt}" width="{width}"'
        return f'{shown} style="{STYLES["img"]};width:{width}px">'


def _text(parts: _Parts) -> str:
    return parts.markdown("text")


def _heading(parts: _Parts) -> str:
    level = "h2" if parts.said.get("level") == "2" else "h1"
    return f'<{level} style="{STYLES[level]}">{parts.words("words")}</{level}>'


def _image(parts: _Parts) -> str:
    inner = parts.linked(parts.image(COLUMN_WIDTH), "text-decoration:none")
    return f'<div style="margin:0 0 16px">{inner}</div>'


def _button(parts: _Parts, name: str = "words") -> str:
    """Padding on the link itself: the whole button can be pressed, 44 pixels and more."""
    fill = parts.frame.button_colour
    style = (
        f"display:inline-block;padding:12px 24px;background-color:{fill};color:#ffffff;"
        "font-size:16px;line-height:24px;font-weight:bold;text-decoration:none;border-radius:6px"
    )
    cell = f'<tr><td bgcolor="{fill}" style="background-color:{fill};border-radius:6px">'
    inner = parts.linked(parts.words(name), style)
    return f'{_TABLE} style="margin:0 0 16px">{cell}{inner}</td></tr></table>'


def _divider(parts: _Parts) -> str:
    return f'<hr style="{STYLES["hr"]}">'


def _columns(parts: _Parts) -> str:
    return _halves(parts.markdown("left"), parts.markdown("right"))


def _product(parts: _Parts) -> str:
    name = f'<h2 style="{STYLES["h2"]};margin:0 0 8px">{parts.words("words")}</h2>'
    price = parts.words("price")
    cost = f'<p style="{STYLES["p"]};font-weight:bold;color:#1c1b1f">{price}</p>' if price else ""
    button = _button(parts, "label") if parts.said.get("label") else ""
    told = f"{name}{cost}{parts.markdown('text')}{button}"
    picture = parts.image(HALF_WIDTH)
    return _halves(parts.linked(picture, "text-decoration:none"), told) if picture else told


def _halves(left: str, right: str) -> str:
    """Two columns; on a phone, and wherever the media rule is known, one under the other."""
    first = f'<td {_HALF}padding:0 12px 16px 0;color:#1c1b1f">{left}</td>'
    second = f'<td {_HALF}padding:0 0 16px 12px;color:#1c1b1f">{right}</td>'
    return f'{_TABLE} width="100%"><tr>{first}{second}</tr></table>'


_IN_HALVES = frozenset({BlockKind.COLUMNS, BlockKind.PRODUCT})
_MARKUP: dict[str, Callable[[_Parts], str]] = {
    BlockKind.TEXT: _text,
    BlockKind.HEADING: _heading,
    BlockKind.IMAGE: _image,
    BlockKind.BUTTON: _button,
    BlockKind.DIVIDER: _divider,
    BlockKind.COLUMNS: _columns,
    BlockKind.PRODUCT: _product,
}
