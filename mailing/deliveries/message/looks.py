"""How a page looks, to weak eyes and in the dark: contrast, colours set by halves, headings.

Read from the styles that stand in the tags, as mail programs read them. Our own frame sets text
and background together around everything, so whatever is set by halves is the author's. What a
finding is about is a colour or a heading, never somebody's words: they may be a reader's name.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mailing.base.colours import (
    BLACK,
    LINK,
    RGB,
    WHITE,
    colour_of,
    contrast,
    ground_of,
    has_picture,
    written,
)
from mailing.deliveries.message.documents import MEDIA, RULE
from mailing.deliveries.message.oversights import Oversight
from mailing.deliveries.message.walking import Element, Walk, declarations

LEAST, LEAST_LARGE = 4.5, 3.0  # WCAG 2.2, 1.4.3
LARGE, LARGE_BOLD = 24.0, 18.66  # pixels: 18 points, or 14 in bold
_HEADINGS = {"h1": 32.0, "h2": 24.0, "h3": 18.72, "h4": 16.0, "h5": 13.28, "h6": 10.72}
_BOLD = frozenset((*_HEADINGS, "b", "strong", "th"))
_WEIGHTS = frozenset(("bold", "bolder", "600", "700", "800", "900"))
_UNITS = {"px": 1.0, "pt": 4 / 3}


@dataclass(frozen=True, slots=True)
class Worn:
    """What the words in an element wear. `ground` is None over a picture; the depths tell which
    of the two was set further in."""

    ink: RGB = BLACK
    ground: RGB | None = WHITE
    inked_at: int = 0
    grounded_at: int = 0
    pixels: float = 16.0
    is_bold: bool = False

    @property
    def least(self) -> float:
        """The contrast that these letters need."""
        is_large = self.pixels >= LARGE or (self.is_bold and self.pixels >= LARGE_BOLD)
        return LEAST_LARGE if is_large else LEAST


def looks(html: str) -> Iterator[Oversight]:
    """Each finding once, in the order of the page."""
    page = _Looks()
    page.feed(html)
    yield from dict.fromkeys(page.found)
    if not page.knows_the_dark:
        yield Oversight("no_color_scheme", "")


class _Looks(Walk):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Oversight] = []
        self.knows_the_dark = False
        self._worn = [Worn()]
        self._level = 0

    def entered(self, element: Element) -> None:
        if element.tag == "meta" and element.given.get("name") == "color-scheme":
            self.knows_the_dark = True
        if self.open and self.open[-1] is element:
            self._worn.append(_dressed(self._worn[-1], element, len(self.open)))
        if element.tag in _HEADINGS and not self.is_hidden:
            self._step_to(int(element.tag[1]))

    def closed(self, element: Element) -> None:
        self._worn.pop()

    def said(self, words: str) -> None:
        if self.open and self.open[-1].tag == "style":
            self.found += _of_the_dark(words)
        elif words.strip() and not self.is_hidden:
            self.found += _of_the_words(self._worn[-1])

    def _step_to(self, level: int) -> None:
        if self._level and level > self._level + 1:
            self.found.append(Oversight("heading_skipped", f"h{self._level} → h{level}"))
        self._level = level


def _of_the_words(worn: Worn) -> Iterator[Oversight]:
    if worn.ground is None:
        return
    found = contrast(worn.ink, worn.ground)
    if found < worn.least:
        pair = f"{written(worn.ink)} / {written(worn.ground)}"
        yield Oversight("contrast_low", f"{pair} ({found:.1f} : 1)")
    if worn.grounded_at > worn.inked_at:
        yield Oversight("ground_alone", written(worn.ground))


def _of_the_dark(sheet: str) -> Iterator[Oversight]:
    """Rules for the dark that change the one and leave the other as it is by day."""
    for condition, rules in MEDIA.findall(sheet):
        is_dark = "dark" in condition and "prefers-color-scheme" in condition
        for selector, said in RULE.findall(rules) if is_dark else ():
            names = declarations(said).keys()
            if "color" in names and not names & {"background", "background-color"}:
                yield Oversight("ink_alone", selector.strip())


def _dressed(around: Worn, element: Element, depth: int) -> Worn:
    worn = _inked(_grounded(_sized(around, element), element, depth), element, depth)
    weight = element.style.get("font-weight")
    is_bold = weight in _WEIGHTS if weight else worn.is_bold or element.tag in _BOLD
    return replace(worn, is_bold=is_bold)


def _inked(worn: Worn, element: Element, depth: int) -> Worn:
    ink = colour_of(element.style.get("color", ""))
    if ink:
        return replace(worn, ink=ink, inked_at=depth)
    is_link = element.tag == "a" and element.given.get("href")
    return replace(worn, ink=LINK) if is_link else worn


def _grounded(worn: Worn, element: Element, depth: int) -> Worn:
    style = element.style
    whole = style.get("background", "") + style.get("background-image", "")
    if has_picture(whole) or element.given.get("background"):
        return replace(worn, ground=None)
    said = style.get("background-color") or whole or element.given.get("bgcolor") or ""
    ground = ground_of(said)
    return replace(worn, ground=ground, grounded_at=depth) if ground else worn


def _sized(worn: Worn, element: Element) -> Worn:
    said = element.style.get("font-size", "")
    number, unit = said[:-2], said[-2:]
    if unit in _UNITS and number.replace(".", "", 1).isdigit():
        return replace(worn, pixels=float(number) * _UNITS[unit])
    return replace(worn, pixels=_HEADINGS.get(element.tag, worn.pixels))
