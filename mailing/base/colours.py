"""Colours of a page, and whether a reader can tell one from the other (WCAG 2.2, 1.4.3)."""

import re
from functools import lru_cache

from PIL import ImageColor

RGB = tuple[int, int, int]

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
NIGHT = (18, 18, 18)  # what mail programs take for the ground in the dark, or nearly
# What most mail programs show an unvisited link in that has no colour of its own.
LINK = (0, 0, 238)

_WORD = re.compile(r"#[0-9a-f]+|[a-z]+(?:\([^)]*\))?", re.IGNORECASE)
_PICTURE = re.compile(r"url\(|gradient", re.IGNORECASE)
_SOLID = 255


@lru_cache(maxsize=1024)
def colour_of(text: str) -> RGB | None:
    """The colour that a style names; None where it names none, or one that lets others through."""
    try:
        found = ImageColor.getrgb(text.strip())
    except ValueError:
        return None
    is_solid = len(found) == len(BLACK) or found[-1] == _SOLID
    return (found[0], found[1], found[2]) if is_solid else None


@lru_cache(maxsize=1024)
def ground_of(text: str) -> RGB | None:
    """The colour in a `background`, which may say more than a colour."""
    found = (colour_of(word) for word in _WORD.findall(text))
    return next((colour for colour in found if colour), None)


def has_picture(text: str) -> bool:
    """Whether a `background` is a picture or a run of colours."""
    return _PICTURE.search(text) is not None


def contrast(one: RGB, other: RGB) -> float:
    """Between 1 (the same) and 21 (black on white)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: RGB) -> float:
    """How light it is, from 0 to 1, as WCAG defines relative luminance."""
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def written(colour: RGB) -> str:
    """As a style names it: #0b5e6b."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
