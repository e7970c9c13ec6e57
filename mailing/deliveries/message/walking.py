"""A page walked through from its first tag to its last: what is open, and what a reader sees."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser

_VOID = frozenset(("area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"))
_UNSEEN = frozenset(("head", "script", "style", "title"))
# A value may hold the address of a picture, and that a semicolon.
_DECLARATION = re.compile(r"([\w-]+)\s*:\s*((?:\([^)]*\)|\"[^\"]*\"|'[^']*'|[^;\"'(])+)")


@dataclass(slots=True)
class Element:
    """One element: its name, what stands in its tag, and its own style."""

    tag: str
    given: dict[str, str | None]
    style: dict[str, str]

    @property
    def hides(self) -> bool:
        """Whether no reader sees what is in it."""
        return self.tag in _UNSEEN or self.style.get("display") == "none"


class Walk(HTMLParser):
    """Whoever walks says what is done on the way in, at the words and on the way out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[Element] = []
        self._hiding = 0

    @property
    def is_hidden(self) -> bool:
        """Whether no reader sees what comes now."""
        return self._hiding > 0

    def entered(self, element: Element) -> None:
        """An element begins, and may be one that holds nothing."""

    def said(self, words: str) -> None:
        """Words, whether they are seen or not."""

    def closed(self, element: Element) -> None:
        """An element that holds something ends, by its own tag or with the one around it."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        element = Element(tag, given, declarations(given.get("style") or ""))
        if tag not in _VOID:
            self.open.append(element)
            self._hiding += element.hides
        self.entered(element)

    def handle_endtag(self, tag: str) -> None:
        while any(element.tag == tag for element in self.open):
            last = self.open.pop()
            self._hiding -= last.hides
            self.closed(last)
            if last.tag == tag:
                break

    def handle_data(self, data: str) -> None:
        self.said(data)


def declarations(style: str) -> dict[str, str]:
    """What a style says, by property, in small letters; the last word counts."""
    found = _DECLARATION.findall(style)
    return {name.lower(): value.lower().replace("!important", "").strip() for name, value in found}
