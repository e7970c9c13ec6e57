"""Images are read whole and written anew; what was uploaded is never what is served."""

import io
import struct
import zlib

import pytest
from flask import Flask
from PIL import Image as Picture

from mailing.base.database import db
from mailing.base.errors import Invalid, Missing
from mailing.campaigns import images
from mailing.staff import audit
from tests.road import ACTOR

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def file(kind: str, size: tuple[int, int] = (40, 30), mode: str = "RGB", **how: object) -> bytes:
    held = io.BytesIO()
    Picture.new(mode, size, 0).save(held, kind, **how)
    return held.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred octets whose label asks for any number of pixels."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 4096)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_every_kind_that_is_taken_becomes_jpeg_or_png(kind: str) -> None:
    made = images.redrawn(file(kind))
    assert made.media_type in ("image/jpeg", "image/png")
    read = Picture.open(io.BytesIO(made.content))
    assert read.size == (40, 30)
    assert made.name.endswith(f"-40x30.{'jpg' if read.format == 'JPEG' else 'png'}")


def test_where_a_camera_was_and_whose_it_is_are_gone() -> None:
    told = Picture.Exif()
    told[0x010E], told[0x8825] = "Абай даңғылы, 1", {1: "N", 2: (51.0, 10.0, 0.0)}
    given = file("JPEG", exif=told, comment=b"made by Aigul")
    assert b"Aigul" in given
    made = images.redrawn(given)
    read = Picture.open(io.BytesIO(made.content))
    assert not read.getexif()
    assert "comment" not in read.info
    assert b"Exif" not in made.content


def test_a_picture_is_turned_as_its_camera_was_held() -> None:
    told = Picture.Exif()
    told[0x0112] = 6
    assert images.redrawn(file("JPEG", exif=told)).name.endswith("-30x40.jpg")


def test_what_hides_behind_a_picture_is_not_kept() -> None:
    hidden = b"<script>alert(1)</script>PK\x03\x04"
    made = images.redrawn(file("PNG") + hidden)
    assert hidden not in made.content


def test_what_shines_through_still_does() -> None:
    made = images.redrawn(file("PNG", mode="RGBA"))
    assert made.media_type == "image/png"
    assert Picture.open(io.BytesIO(made.content)).mode == "RGBA"


def test_a_large_picture_is_made_as_wide_as_a_mail_needs() -> None:
    assert images.redrawn(file("JPEG", (3000, 1500))).name.endswith("-1200x600.jpg")


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        SVG,
        b"<html><script>alert(1)</script></html>",
        b"GIF89a" + SVG,
        file("PNG")[:60],
        file("JPEG")[:200],
        file("TIFF"),
        file("BMP"),
        file("ICO"),
        bomb(300, 300),
    ],
    ids=["empty", "svg", "html", "gif-svg", "cut-png", "cut-jpeg", "tiff", "bmp", "ico", "short"],
)
def test_what_is_no_whole_image_of_a_known_kind_is_refused(wrong: bytes) -> None:
    with pytest.raises(Invalid, match="no PNG, JPEG, GIF or WebP image"):
        images.redrawn(wrong)


def test_a_bomb_is_refused_by_its_label_before_it_is_unpacked() -> None:
    with pytest.raises(Invalid, match="8000 × 8000 pixels"):
        images.redrawn(bomb(8000, 8000))
    for side in (50_000, 2**31 - 1):
        with pytest.raises(Invalid):
            images.redrawn(bomb(side, side))
    with pytest.raises(Invalid, match="larger than 8 MB"):
        images.redrawn(b"\x89PNG" + bytes(images.LARGEST_FILE))


def test_the_same_picture_is_kept_once_under_the_name_of_its_octets(app: Flask) -> None:
    name = images.keep(file("PNG"), "first.png", ACTOR)
    assert images.keep(file("PNG"), "second.png", ACTOR) == name
    db.session.commit()
    assert [image.title for image in images.newest()] == ["first.png"]
    assert images.known({name, "other"}) == {name}
    assert [entry.action for entry in audit.latest()].count("image uploaded") == 2
    with pytest.raises(Missing):
        images.find("other")
