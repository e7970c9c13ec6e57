"""Settings, the brand: a name, a logo, a colour that can be read; shown as it will look."""

import io
from collections.abc import Callable

import pytest
from flask import Flask
from PIL import Image

from mailing.base import clock
from mailing.campaigns import brands
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser

AT = "/studio/settings/brand?lang=en"


@pytest.fixture
def boss(browse: Callable[[Role], Browser]) -> Browser:
    return browse(Role.ADMIN)


def a_file(ink: tuple[int, ...] = (20, 20, 20, 255)) -> tuple[io.BytesIO, str]:
    picture = Image.new("RGBA", (300, 100), (0, 0, 0, 0))
    picture.paste(Image.new("RGBA", (200, 40), ink), (50, 30))
    octets = io.BytesIO()
    picture.save(octets, "PNG")
    return io.BytesIO(octets.getvalue()), "logo.png"


def held(web: Flask) -> brands.Wish:
    with web.app_context():
        return brands.wish_of(brands.at(clock.now()))


def test_a_brand_is_saved_and_shown_in_every_language(web: Flask, boss: Browser) -> None:
    typed = {"name": "Көзілдірік", "accent": "#8A1C1C", "logo": a_file()}
    assert boss.post(AT, typed).status_code == 303
    found = held(web)
    assert (found.name, found.accent) == ("Көзілдірік", "#8a1c1c")
    page = boss.get(AT).text
    assert "#8a1c1c on white: 9.3 : 1. Words can be read." in page
    assert "#8a1c1c on a dark ground: 2.0 : 1. Programs that keep it" in page
    assert "This logo is dark and see-through" in page
    for language, words in (("kk", "Түйме"), ("ru", "Кнопка"), ("en", "A button")):
        shown = boss.get(f"/studio/settings/brand/frame?language={language}")
        assert words in shown.text
        assert "background-color:#8a1c1c" in shown.text
        assert f"/images/{found.logo}" in shown.text
        assert shown.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert boss.get(f"/images/{found.logo}").headers["Content-Type"] == "image/png"


def test_what_cannot_be_used_is_refused_and_what_was_typed_stays(web: Flask, boss: Browser) -> None:
    answer = boss.post(AT, {"name": "Көзілдірік", "accent": "#cccccc"})
    assert answer.status_code == 422
    assert 'value="Көзілдірік"' in answer.text
    assert 'value="#cccccc"' in answer.text
    assert 'id="accent-wrong"' in answer.text
    assert "the contrast is 1.6 : 1" in answer.text
    answer = boss.post(AT, {"name": "К", "logo": (io.BytesIO(b"<svg></svg>"), "a.svg")})
    assert answer.status_code == 422
    assert 'id="logo-wrong"' in answer.text
    assert held(web) == brands.Wish()


def test_a_logo_stays_until_it_is_taken_away(web: Flask, boss: Browser) -> None:
    boss.post(AT, {"logo": a_file()})
    logo = held(web).logo
    boss.post(AT, {"name": "Көзілдірік"})
    assert held(web) == brands.Wish("Көзілдірік", "", logo)
    boss.post(AT, {"name": "Көзілдірік", "no_logo": "1"})
    assert held(web) == brands.Wish("Көзілдірік")


def test_only_an_admin_finds_and_changes_it(browse: Callable[[Role], Browser], web: Flask) -> None:
    for role in (Role.MARKETER, Role.OFFICER, Role.VIEWER):
        browser = browse(role)
        assert "/settings/brand" not in browser.get("/studio/settings").text
        assert browser.post(AT, {"name": "К"}).status_code == 403
    assert held(web) == brands.Wish()
