"""HTML to plain text, for the part that every message also carries.

A link becomes "text (address)", a list its dashes or numbers, an image its alternative text.
Merge words pass through; inside an address they are marked so that values are percent-encoded.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from mailing.deliveries.message.merge import Draft

# What begins on a line of its own; the second group also stands apart by an empty line.
CLOSE = (
    "address article center dd div dt figcaption footer header li main section tbody tfoot thead tr"
)
FAR = "blockquote dl figure h1 h2 h3 h4 h5 h6 hr ol p pre table ul"
APART = frozenset(FAR.split())
BLOCKS = APART | frozenset(CLOSE.split())
SPACES = re.compile(r"[ \t\r\n\f]+")
MANY_LINES = re.compile(r"\n{3,}")


def plain_text(markup: str, draft: Draft) -> str:
    """Convert cleaned HTML; lines end in LF, never more than one empty line in a row."""
    printer = _Printer(draft)
    printer.feed(markup)
    printer.close()
    return tidy(printer.text())


def tidy(text: str) -> str:
    """Drop blanks at line ends and all but one empty line; used again after each merge."""
    lines = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
    return MANY_LINES.sub("\n\n", lines).strip("\n")


def _first(attributes: dict[str, str]) -> int:
    start = attributes.get("start", "1")
    return int(start) if start.isascii() and start.isdigit() and len(start) < 10 else 1


@dataclass(slots=True)
class _Link:
    address: str
    start: int  # index into the printed pieces


@dataclass(slots=True)
class _List:
    next_number: int | None = None  # None: dashes


@dataclass(slots=True)
class _State:
    pieces: list[str] = field(default_factory=list)
    links: list[_Link] = field(default_factory=list)
    lists: list[_List] = field(default_factory=list)
    verbatim: int = 0
    quoted: int = 0
    is_line_empty: bool = True
    is_after_bullet: bool = False


class _Printer(HTMLParser):
    def __init__(self, draft: Draft) -> None:
        super().__init__(convert_charrefs=True)
        self.draft = draft
        self.state = _State()

    def text(self) -> str:
        return "".join(self.state.pieces)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag in BLOCKS:
            self._break(is_apart=tag in APART and not (self.state.lists and tag in ("ul", "ol")))
        self._begin(tag, attributes)

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        state = self.state
        match tag:
            case "br":
                self._newline()
            case "hr":
                self._print("----")
                self._break(is_apart=True)
            case "img":
                self._print(attributes.get("alt", ""))
            case "a":
                state.links.append(_Link(attributes.get("href", ""), len(state.pieces)))
            case "ul" | "ol":
                state.lists.append(_List(_first(attributes) if tag == "ol" else None))
            case "li":
                self._bullet()
            case "pre" | "blockquote":
                self._enter(tag, +1)

    def handle_endtag(self, tag: str) -> None:
        state = self.state
        match tag:
            case "a" if state.links:
                self._close_link(state.links.pop())
            case "ul" | "ol" if state.lists:
                state.lists.pop()
            case "pre" | "blockquote":
                self._enter(tag, -1)
            case "td" | "th":
                self._print(" ")
        if tag in BLOCKS:
            self._break(is_apart=tag in APART and not (state.lists and tag in ("ul", "ol")))

    def _enter(self, tag: str, step: int) -> None:
        if tag == "pre":
            self.state.verbatim += step
        else:
            self.state.quoted += step

    def handle_comment(self, data: str) -> None:
        """A condition hidden in a comment keeps its place in the text."""
        if self.draft.pattern.fullmatch(data):
            self.state.pieces.append(data)

    def handle_data(self, data: str) -> None:
        if self.state.verbatim:
            self._print_verbatim(data)
        else:
            self._print(SPACES.sub(" ", data))

    def _print_verbatim(self, data: str) -> None:
        first, *others = data.split("\n")
        self._print(first)
        for line in others:
            self._newline()
            self._print(line)

    def _print(self, text: str) -> None:
        pieces = self.state.pieces
        is_at_blank = self.state.is_line_empty or (pieces and pieces[-1].endswith(" "))
        if is_at_blank and not self.state.verbatim:
            text = text.lstrip(" ")
        if text:
            margin = "> " * self.state.quoted if self.state.is_line_empty else ""
            self.state.pieces.append(margin + text)
            self.state.is_line_empty = False
            self.state.is_after_bullet = False

    def _newline(self) -> None:
        self.state.pieces.append("\n")
        self.state.is_line_empty = True

    def _break(self, *, is_apart: bool) -> None:
        if self.state.is_after_bullet:
            return
        if not self.state.is_line_empty:
            self._newline()
        if is_apart:
            self._newline()

    def _bullet(self) -> None:
        state = self.state
        if not state.lists:
            return
        number = state.lists[-1].next_number
        indent = "  " * (len(state.lists) - 1)
        if number is not None:
            state.lists[-1].next_number = number + 1
        state.pieces.append(indent + ("- " if number is None else f"{number}. "))
        state.is_after_bullet = True

    def _close_link(self, link: _Link) -> None:
        shown = "".join(self.state.pieces[link.start :]).strip()
        address = self.draft.pattern.sub(lambda found: found[0][:-1] + "u", link.address)
        plain = address
        if address.startswith("mailto:"):
            plain = address.removeprefix("mailto:").partition("?")[0]
        if not address or address.startswith("#") or shown in (link.address, plain):
            return
        self._print(f" ({plain})" if shown else plain)
