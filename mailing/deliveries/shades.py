"""Shades: a picture that lets the ground through and is dark itself is lost where programs turn the
ground dark; most logos are such pictures."""

import io
import re
from collections.abc import Iterator
from functools import lru_cache

from PIL import Image as Picture

from mailing.base.colours import NIGHT, contrast
from mailing.base.errors import Missing
from mailing.base.settings import Settings
from mailing.campaigns import images
from mailing.deliveries.message.oversights import Oversight

LEAST = 3.0  # WCAG 2.2, 1.4.11
MOSTLY = 0.8
CLEAR_ENOUGH = 0.1
_NAME = r"([0-9a-f]{64}-\d{1,5}x\d{1,5}\.png)"
_LOOKED_AT = (64, 64)
_SEEN = 128  # of 255: what lets more through than that is no part of the picture


def dark_pictures(html: str, settings: Settings, logo: str) -> Iterator[Oversight]:
    """Those of our own pictures in a page that would be lost, by the name of their file; but the
    brand's logo, which is not the author's."""
    found = re.findall(re.escape(f"{settings.public_url}/images/") + _NAME, html)
    for name in dict.fromkeys(one for one in found if one != logo):
        try:
            if is_lost_by_name(name):
                yield Oversight("dark_picture", images.find(name).title or name[:16])
        except Missing:
            continue


@lru_cache(maxsize=1024)
def is_lost_by_name(name: str) -> bool:
    """Whether a picture is lost, told by its name, which is the hash of what it shows."""
    return name.endswith(".png") and is_lost(images.find(name).content)


def is_lost(content: bytes) -> bool:
    """Whether most of what a picture shows would hardly be seen on a dark ground."""
    with Picture.open(io.BytesIO(content), formats=("PNG",)) as opened:
        picture = opened.convert("RGBA")
    picture.thumbnail(_LOOKED_AT)
    octets = picture.tobytes()
    dots = [tuple(octets[at : at + 4]) for at in range(0, len(octets), 4)]
    seen = [dot for dot in dots if dot[3] >= _SEEN]
    if not seen or len(dots) - len(seen) < CLEAR_ENOUGH * len(dots):
        return False
    dim = sum(contrast((red, green, blue), NIGHT) < LEAST for red, green, blue, _ in seen)
    return dim >= MOSTLY * len(seen)
