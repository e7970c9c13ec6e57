"""What mail programs do not show: scripts, forms, films, type from afar, layouts of the web.

Asked of the finished page, and of what the author wrote: much of it is left out on the way, and
whoever wrote it should know.
"""

import re
from collections.abc import Iterator

from mailing.deliveries.message.oversights import Oversight
from mailing.deliveries.message.walking import Element, Walk

_ELEMENTS = frozenset(
    (
        *("script", "form", "input", "select", "textarea", "button", "video", "audio", "iframe"),
        *("object", "embed", "canvas", "svg", "applet"),
    )
)
_PLACED = frozenset(("absolute", "fixed", "sticky"))
_LAID_OUT = frozenset(("flex", "grid", "inline-flex", "inline-grid"))
_IN_A_SHEET = (
    re.compile(r"@(?:font-face|import)\b", re.IGNORECASE),
    re.compile(r"(?<![\w-])position\s*:\s*(?:absolute|fixed|sticky)\b", re.IGNORECASE),
    re.compile(r"(?<![\w-])display\s*:\s*(?:inline-)?(?:flex|grid)\b", re.IGNORECASE),
)
_BUILT_IN = re.compile(r"(?:^|url\()[\s'\"]*data:", re.IGNORECASE)


def unshown(html: str) -> Iterator[Oversight]:
    """Each of them once, as it is written."""
    page = _Unshown()
    page.feed(html)
    yield from (Oversight("unshown", what) for what in dict.fromkeys(page.found))


class _Unshown(Walk):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def entered(self, element: Element) -> None:
        if element.tag in _ELEMENTS:
            self.found.append(f"<{element.tag}>")
        self.found += _of_style(element.style)
        addresses = (element.given.get(name) or "" for name in ("src", "background", "style"))
        if any(map(_BUILT_IN.search, addresses)):
            self.found.append("data:")

    def said(self, words: str) -> None:
        if self.open and self.open[-1].tag in ("style", "mj-style"):
            for pattern in _IN_A_SHEET:
                self.found += [" ".join(one.split()).lower() for one in pattern.findall(words)]


def _of_style(style: dict[str, str]) -> Iterator[str]:
    for name, values in (("position", _PLACED), ("display", _LAID_OUT)):
        if style.get(name) in values:
            yield f"{name}: {style[name]}"
