"""Put the hidden merge tags back, each escaped for the place where it now stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

from mailing.deliveries.message.frame import BodyError
from mailing.deliveries.message.merge import Draft, Tag
from mailing.deliveries.message.program import Hole, Piece

# The cleaner's output is regular: quoted attributes, no stray angle brackets.
TOKEN = re.compile(r'<!--.*?-->|<[^"<>]*(?:"[^"]*"[^"<>]*)*>|[^<]+|<', re.DOTALL)
ATTRIBUTE = re.compile(r'([\w:-]+)="([^"]*)"')
ELEMENT = re.compile(r"<(/?)([a-zA-Z][\w:-]*)")
VOID = frozenset({"area", "br", "col", "hr", "img", "source", "wbr"})
ADDRESSES = frozenset({"href", "src", "background"})
MERGEABLE = ADDRESSES | {"alt", "aria-label", "title"}
# A merged value may not choose the scheme or the host that a link leads to.
ADDRESS_START = re.compile(r"(?:https?://[^/?#\s]+[/?#]|mailto:)", re.IGNORECASE)

# The cleaner takes away an address that it cannot read or will not allow.
DEAD_LINK = re.compile(r'<a(?![^>]*\s(?:href|name)=")[\s>]', re.IGNORECASE)
WHOLE_ADDRESS = re.compile(r"https?://[^/?#\s]|mailto:[^\s]|#", re.IGNORECASE)


def weave_text(text: str, draft: Draft) -> list[Piece]:
    """Plain text: values as they are, or percent-encoded inside an address."""
    pieces = list(_split(text, draft, {"x": "as_text", "u": "as_url"}))
    _check_conditions(pieces, draft)
    return pieces


def weave_line(text: str, draft: Draft) -> list[Piece]:
    """Plain text that goes into HTML (the title, the preview line): all of it escaped."""
    pieces = _split(text, draft, {"x": "as_html", "u": "as_html"})
    return [escape(piece) if isinstance(piece, str) else piece for piece in pieces]


def weave_html(markup: str, draft: Draft) -> list[Piece]:
    """HTML as the cleaner gives it; raises `BodyError` where a tag cannot stand."""
    loom = _Loom(draft)
    for token in TOKEN.findall(markup):
        loom.take(token)
    _check_conditions(loom.pieces, draft)
    return loom.pieces


def _check_address(name: str, value: str) -> None:
    if name in ADDRESSES and not value.strip():
        raise BodyError("A link or an image has no address; begin it with https://.", "body")
    if name in ADDRESSES and not WHOLE_ADDRESS.match(value):
        raise BodyError(f"“{value[:80]}” is no whole address; begin it with https://.", "body")


def _split(text: str, draft: Draft, escapes: dict[str, str]) -> Iterator[Piece]:
    position = 0
    for found in draft.pattern.finditer(text):
        yield text[position : found.start()]
        yield Hole(draft.tags[int(found[1])], escapes[found[2]])
        position = found.end()
    yield text[position:]


def _check_conditions(pieces: list[Piece], draft: Draft) -> None:
    """Every condition must have come through the conversion once, in its order."""
    wanted = [tag for tag in draft.tags if tag.is_condition]
    kept = [piece.tag for piece in pieces if isinstance(piece, Hole) and piece.tag.is_condition]
    if len(kept) == len(wanted) and all(a is b for a, b in zip(kept, wanted, strict=True)):
        return
    lost = next((tag for tag in wanted if tag not in kept), wanted[0])
    raise BodyError(
        f"Line {lost.line}: {{% {lost.word} %}} stands where no condition can stand.", "body"
    )


@dataclass(slots=True)
class _Loom:
    draft: Draft
    pieces: list[Piece] = field(default_factory=list)
    path: list[str] = field(default_factory=list)  # the open elements, each with its number
    condition_paths: list[list[str]] = field(default_factory=list)
    count: int = 0

    def take(self, token: str) -> None:
        if token.startswith("<!--"):
            self._comment(token)
        elif token.startswith("<"):
            self._step(token)
            self._element(token)
        else:
            self._words(token)

    def _comment(self, token: str) -> None:
        hidden = self.draft.pattern.search(token)
        if not hidden:
            self.pieces.append(token)
        elif token == f"<!--{hidden[0]}-->":
            self._words(hidden[0])
        else:
            raise self._misplaced(self.draft.tags[int(hidden[1])], "inside a comment")

    def _words(self, text: str) -> None:
        for piece in _split(text, self.draft, {"x": "as_html", "u": "as_html"}):
            if isinstance(piece, Hole) and piece.tag.is_condition:
                self._check_path(piece.tag)
            self.pieces.append(piece)

    def _check_path(self, tag: Tag) -> None:
        """Both ends of a condition must have the same parent, or one branch is broken HTML."""
        if tag.word == "if":
            self.condition_paths.append(list(self.path))
        elif not self.condition_paths or self.condition_paths[-1] != self.path:
            raise self._misplaced(tag, "in another element than its {% if %}")
        if tag.word == "endif":
            self.condition_paths.pop()

    def _step(self, token: str) -> None:
        found = ELEMENT.match(token)
        if not found or found[2] in VOID:
            return
        if found[1]:
            del self.path[-1:]
        else:
            self.count += 1
            self.path.append(f"{found[2]} {self.count}")

    def _element(self, token: str) -> None:
        if DEAD_LINK.match(token):
            raise BodyError("A link has no address that a mail can carry.", "body")
        position = 0
        for found in ATTRIBUTE.finditer(token):
            if not self.draft.pattern.search(found[2]):
                _check_address(found[1], found[2])
            else:
                self.pieces.append(token[position : found.start(2)])
                self.pieces.extend(self._attribute(found[1], found[2]))
                position = found.end(2)
        self.pieces.append(token[position:])

    def _attribute(self, name: str, value: str) -> Iterator[Piece]:
        escape = "as_url" if name in ADDRESSES else "as_html"
        written = ""
        for piece in _split(value, self.draft, {"x": escape, "u": escape}):
            if isinstance(piece, Hole):
                self._check_attribute(piece.tag, name, written)
            else:
                written += piece
            yield piece

    def _check_attribute(self, tag: Tag, name: str, written: str) -> None:
        if tag.is_condition or name not in MERGEABLE:
            raise self._misplaced(tag, f"inside the attribute “{name}”")
        if name in ADDRESSES and not ADDRESS_START.match(written):
            raise self._misplaced(tag, "where a link begins; write it out up to its path")

    def _misplaced(self, tag: Tag, where: str) -> BodyError:
        return BodyError(f"Line {tag.line}: a merge tag stands {where}.", "body")
