"""The address of an image: the same for everybody, kept for ever, and nothing but an image."""

import pytest
from flask import Flask

from mailing.base.database import db
from mailing.campaigns import images
from tests.campaigns.test_images import file
from tests.road import ACTOR


@pytest.fixture
def name(web: Flask) -> str:
    with web.app_context():
        kept = images.keep(file("PNG", mode="RGBA"), "logo.png", ACTOR)
        db.session.commit()
    return kept


def test_an_image_is_served_as_an_image_without_a_cookie(web: Flask, name: str) -> None:
    answer = web.test_client().get(f"/images/{name}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert "Set-Cookie" not in answer.headers
    assert answer.data.startswith(b"\x89PNG")


def test_whoever_has_it_is_not_sent_it_again(web: Flask, name: str) -> None:
    client = web.test_client()
    mark = client.get(f"/images/{name}").headers["ETag"]
    again = client.get(f"/images/{name}", headers={"If-None-Match": mark})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("twist", ["{}x", "{}?x=1&y", "x{}", "..%2f{}", "{}.svg"])
def test_no_other_address_shows_it_but_with_a_query_that_changes_nothing(
    web: Flask, name: str, twist: str
) -> None:
    answer = web.test_client().get("/images/" + twist.format(name))
    assert answer.status_code == (200 if "?" in twist else 404)


def test_opening_an_image_writes_nothing(web: Flask, name: str) -> None:
    with web.app_context():
        before = db.session.execute(db.text("SELECT xmin, ctid FROM images")).all()
    web.test_client().get(f"/images/{name}")
    web.test_client().head(f"/images/{name}")
    with web.app_context():
        assert db.session.execute(db.text("SELECT xmin, ctid FROM images")).all() == before
