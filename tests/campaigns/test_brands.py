"""The brand: how messages look from a moment on, and never otherwise once they are on their way."""

import io

import pytest
from flask import Flask
from markupsafe import escape
from PIL import Image
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.languages import speaking
from mailing.base.operator import operator_of
from mailing.base.settings import Settings, current
from mailing.campaigns import approvals, brands, campaigns, images
from mailing.campaigns.brands import Wish
from mailing.campaigns.content import Content
from mailing.deliveries import drafts, nods, readiness, trying
from mailing.deliveries.checks import Fix, Level
from mailing.deliveries.letters import Letters
from mailing.deliveries.trying import Wish as Wanted
from mailing.staff import audit
from tests import road
from tests.deliveries.conftest import a_sender

ACCENT = "#8a1c1c"


def html(number: int) -> str:
    """How a campaign looks now."""
    return drafts.preview(campaigns.find(number), "kk").html


def draft() -> int:
    road.lay()
    return road.campaign()


def set_to(**wish: str | None) -> None:
    brands.change(Wish(**wish), road.ACTOR)  # type: ignore[arg-type]
    db.session.commit()


def a_logo(colour: str = "#d05050") -> str:
    octets = io.BytesIO()
    Image.new("RGB", (480, 120), colour).save(octets, "PNG")
    return images.keep(octets.getvalue(), "logo.png", road.ACTOR)


def test_without_a_brand_and_after_it_is_gone_a_message_is_the_same_to_the_octet(
    app: Flask,
) -> None:
    number = draft()
    before = drafts.preview(campaigns.find(number), "kk").raw
    set_to(name="Көзілдірік", accent=ACCENT, logo=a_logo())
    assert drafts.preview(campaigns.find(number), "kk").raw != before
    set_to()
    assert brands.at(clock.now()) is None
    assert drafts.preview(campaigns.find(number), "kk").raw == before


def test_name_logo_and_colour_stand_where_they_belong(app: Flask) -> None:
    number, logo = draft(), a_logo()
    set_to(name="Көзілдірік & Ко", accent=ACCENT, logo=logo)
    page = html(number)
    shown = f'<img src="http://127.0.0.1:8080/images/{logo}" alt="" width="240" height="60"'
    assert page.count(shown) == 1
    assert "Көзілдірік &amp; Ко</p>" in page
    assert page.index(shown) < page.index("Сәлем")
    assert page.count(f"color:{ACCENT}") == 5, "the author's link, and four of the footer"
    assert "#0b57a4" not in page
    set_to(logo=logo)
    assert f'alt="{escape(operator_of(current()).name)}" width="240"' in html(number)


def test_a_designer_s_page_keeps_its_own_head(app: Flask) -> None:
    road.lay()
    body = '<html><body style="background:#fff;color:#000"><p>Сәлем</p></body></html>'
    number = drafts.create("news", Content("kk", "Хат", body, "html"), road.ACTOR).id
    set_to(name="Көзілдірік", logo=a_logo())
    assert "Көзілдірік</p>" not in html(number)
    assert "<img" not in html(number)


def test_the_checks_find_nothing_in_the_brand_itself(app: Flask) -> None:
    """A logo over few words is no message that is nearly all image."""
    road.subscribe(road.lay(), 1)
    number = road.campaign()
    set_to(name="Көзілдірік", accent=ACCENT, logo=a_logo())
    with speaking("en"):
        found = readiness.check(campaigns.find(number), at=None).checks
    told = {one.id for one in found if one.level is not Level.FINE}
    assert told - {"hour"} == {"dkim", "preview_text-kk", "links_unseen", "nod-kk"}


def test_a_logo_that_is_lost_in_the_dark_is_told_once_with_where_to_mend_it(app: Flask) -> None:
    road.subscribe(road.lay(), 1)
    campaign = campaigns.find(road.campaign())
    campaigns.edit(campaign, Content("ru", "Письмо", "Есть новость."), road.ACTOR)
    octets = io.BytesIO()
    picture = Image.new("RGBA", (300, 100), (0, 0, 0, 0))
    picture.paste(Image.new("RGBA", (200, 40), (20, 20, 20, 255)), (50, 30))
    picture.save(octets, "PNG")
    set_to(logo=images.keep(octets.getvalue(), "night.png", road.ACTOR))
    with speaking("en"):
        found = [one for one in readiness.check(campaign).checks if one.id.startswith("dark_")]
    assert [(one.id, one.level, one.fix) for one in found] == [
        ("dark_logo", Level.WARN, Fix.SETTINGS)
    ]
    assert "“night.png”" in found[0].detail


@pytest.mark.parametrize(
    ("accent", "said"),
    [("#999999", "2.8 : 1"), ("#777777", "4.5 : 1"), ("red", "six signs"), ("#12345", "six signs")],
)
def test_a_colour_that_cannot_be_read_or_is_none_is_refused(
    app: Flask, accent: str, said: str
) -> None:
    with speaking("en"), pytest.raises(Invalid, match=said) as refusal:
        brands.change(Wish(accent=accent), road.ACTOR)
    assert refusal.value.field == "accent"
    assert brands.at(clock.now()) is None


def test_a_name_is_one_line_and_not_too_long(app: Flask) -> None:
    set_to(name="  Көзілдірік\r\nКо ")
    assert brands.wish_of(brands.at(clock.now())).name == "Көзілдірік Ко"
    for name in ("a" * 61, "a\u202eb", "a\0b"):
        with pytest.raises(Invalid):
            brands.change(Wish(name=name), road.ACTOR)


@pytest.mark.parametrize(("accent", "is_lost"), [("#0b5e6b", True), ("#1f7a8c", False)])
def test_how_well_a_colour_is_seen_at_night_is_said(accent: str, is_lost: bool) -> None:
    found = brands.seen(accent)
    assert found
    assert found.by_day >= brands.LEAST_BY_DAY
    assert found.is_lost_at_night is is_lost


def test_what_has_started_keeps_the_look_that_it_had(app: Flask) -> None:
    number = draft()
    set_to(accent=ACCENT)
    before = html(number)
    db.session.execute(text("UPDATE campaigns SET started_at = now()"))
    db.session.commit()
    db.session.expire_all()
    set_to(accent="#0b5e6b", name="Басқа")
    assert html(number) == before
    assert "Басқа" in html(road.campaign())


def test_a_test_mail_that_waits_keeps_the_look_that_it_had(app: Flask, settings: Settings) -> None:
    number = draft()
    set_to(accent=ACCENT)
    trying.send(campaigns.find(number), Wanted("kk", "usual", ["a@shop.example"]), road.ACTOR)
    db.session.commit()
    with a_sender(settings) as sender:
        [passed] = sender.ask(sender.claim())
        first = Letters(settings).write(passed)
        set_to(accent="#0b5e6b", name="Басқа")
        assert Letters(settings).write(passed) == first


def test_an_approval_and_the_word_that_it_looks_right_are_void_after_a_change(app: Flask) -> None:
    campaign = campaigns.find(draft())
    trying.send(campaign, Wanted("kk", "usual", ["a@shop.example"]), road.ACTOR)
    db.session.execute(text("UPDATE deliveries SET state = 'accepted'"))
    nods.nod(campaign.id, "kk", nods.said_in(campaign, "kk"), road.ACTOR)
    bound = approvals.bound_to(campaign)
    set_to(accent=ACCENT)
    assert approvals.bound_to(campaign) != bound
    assert nods.standing(campaign, "kk") is None
    assert not nods.may_nod(campaign, "kk", road.ACTOR), "the mail that they saw looked otherwise"


def test_a_change_is_in_the_log_once_and_the_same_again_is_none(app: Flask) -> None:
    for _ in range(2):
        set_to(accent=ACCENT)
    assert [one.action for one in audit.latest()].count("brand changed") == 1
