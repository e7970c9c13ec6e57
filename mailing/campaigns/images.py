"""Images of messages: read whole, written anew, kept in the database under their content's hash.

What was uploaded is never served. A decoder that is well kept (Pillow) reads the pixels, and ours
are what is written: no metadata, no second format hidden behind the first, nothing that runs. The
name is the same for everybody who opens the mail, so it tells nothing about anybody.
"""

import io
import warnings
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from PIL import Image as Picture
from PIL import ImageOps
from sqlalchemy import CheckConstraint, LargeBinary, Text, select
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import Invalid, Missing
from mailing.staff.audit import Actor, record

At = TIMESTAMP(timezone=True)

LARGEST_FILE = 8 * 1024 * 1024
# Sixteen million pixels are 64 MB in memory; the width of a mail is 600.
MOST_PIXELS = 16_000_000
WIDEST, TALLEST = 1200, 4000
_READ = ("PNG", "JPEG", "GIF", "WEBP")
_UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, IndexError, OverflowError)


class Image(Table):
    """One image; the row never changes, because its name is what it holds."""

    __tablename__ = "images"
    __table_args__ = (
        CheckConstraint(
            "media_type IN ('image/png', 'image/jpeg')",
            name="image_media_type_is_known",
        ),
    )

    name: Mapped[str] = mapped_column(Text, primary_key=True, info=OPERATIONAL)
    media_type: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, info=OPERATIONAL)
    title: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    uploaded_by: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    uploaded_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)


@dataclass(frozen=True, slots=True)
class Redrawn:
    """An image written anew: its octets, of which kind, and the name that they give it."""

    content: bytes
    media_type: str
    name: str


def keep(uploaded: bytes, title: str, actor: Actor) -> str:
    """Keep an image; its name. Raises Invalid for what is no image that can be used."""
    new = redrawn(uploaded)
    kept = {
        "name": new.name,
        "media_type": new.media_type,
        "content": new.content,
        "title": title[:200],
        "uploaded_by": actor.name,
        "uploaded_at": clock.now(),
    }
    db.session.execute(insert(Image).values(**kept).on_conflict_do_nothing())
    record(actor, "image uploaded", f"image {new.name[:16]}", bytes=len(new.content))
    return new.name


def find(name: str) -> Image:
    """An image by its name; raises Missing."""
    found = db.session.get(Image, name)
    if found is None:
        raise Missing("There is no such image; upload it again.")
    return found


def known(names: set[str]) -> set[str]:
    """Those of these names that there is an image of."""
    return set(db.session.scalars(select(Image.name).where(Image.name.in_(names))))


def newest(most: int = 60) -> list[Image]:
    """The images that were uploaded last, without their octets."""
    return list(db.session.scalars(select(Image).order_by(Image.uploaded_at.desc()).limit(most)))


def redrawn(uploaded: bytes) -> Redrawn:
    """Read every pixel and write it anew; raises Invalid, which says what can be done.

    The size is asked for before anything is unpacked, so a bomb is refused by its label; one that
    lies on its label fails while it is read. Only the first picture of an animation is kept.
    """
    if len(uploaded) > LARGEST_FILE:
        raise Invalid("The file is larger than 8 MB. Save it smaller.", "image")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return _written(_fitting(_opened(uploaded)))
    except (*_UNREADABLE, Warning, Picture.DecompressionBombError):
        sentence = "This file is no PNG, JPEG, GIF or WebP image that can be read."
        raise Invalid(sentence, "image") from None


def _opened(uploaded: bytes) -> Picture.Image:
    picture = Picture.open(io.BytesIO(uploaded), formats=_READ)
    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise Invalid(f"The image has {width} × {height} pixels. Save it smaller.", "image")
    picture.load()
    return picture


def _fitting(picture: Picture.Image) -> Picture.Image:
    """Turned as the camera meant it, in the colours of a screen, no wider than a mail needs."""
    upright = ImageOps.exif_transpose(picture)
    has_alpha = "A" in upright.getbands() or "transparency" in upright.info
    plain = upright.convert("RGBA" if has_alpha else "RGB")
    plain.thumbnail((WIDEST, TALLEST))
    return plain


def _written(picture: Picture.Image) -> Redrawn:
    """JPEG, or PNG where something shines through; an image of its pixels alone."""
    is_clear = picture.mode == "RGBA"
    bare = Picture.frombytes(picture.mode, picture.size, picture.tobytes())
    target = io.BytesIO()
    if is_clear:
        bare.save(target, "PNG", optimize=True)
    else:
        bare.save(target, "JPEG", quality=85, optimize=True, progressive=True)
    content = target.getvalue()
    width, height = bare.size
    suffix, media_type = ("png", "image/png") if is_clear else ("jpg", "image/jpeg")
    name = f"{sha256(content).hexdigest()}-{width}x{height}.{suffix}"
    return Redrawn(content, media_type, name)
