"""The preview shows the message as it would arrive, and gives it no rights."""

import re
from collections.abc import Callable

import pytest
from flask import Flask

from mailing.base.database import db
from mailing.campaigns import campaigns
from mailing.campaigns.content import Content
from mailing.staff import audit
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import MARKETER, World


@pytest.fixture
def viewer(browse: Callable[[Role], Browser], world: World) -> Browser:
    return browse(Role.VIEWER)


@pytest.fixture
def at(world: World) -> str:
    return f"/studio/campaigns/{world.campaign_id}/preview"


def test_the_frame_has_neither_script_nor_form_nor_our_origin(viewer: Browser, at: str) -> None:
    assert '<iframe class="preview-frame" sandbox=""' in viewer.get(at).text
    policy = viewer.get(f"{at}/frame").headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy


def test_html_text_and_source_hold_the_message_and_the_way_out(viewer: Browser, at: str) -> None:
    assert "<strong>жаңалық</strong>" in viewer.get(f"{at}/frame").text
    assert "Құрметті оқырман" in viewer.get(f"{at}?part=text").text
    source = viewer.get(f"{at}?part=source").text
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in source


def test_each_written_language_has_its_own_preview(
    web: Flask, viewer: Browser, world: World, at: str
) -> None:
    with web.app_context():
        campaign = campaigns.find(world.campaign_id)
        campaigns.edit(campaign, Content("ru", "Письмо", "Есть новость."), MARKETER)
        db.session.commit()
    assert "Есть новость." in viewer.get(f"{at}/frame?language=ru").text
    assert "жаңалық" in viewer.get(f"{at}/frame?language=kk").text
    assert "жаңалық" in viewer.get(f"{at}/frame?language=xx").text


def test_a_message_that_cannot_be_made_says_why_instead(
    web: Flask, viewer: Browser, world: World, at: str
) -> None:
    with web.app_context():
        campaign = campaigns.find(world.campaign_id)
        broken = Content("kk", "Хат", "Сәлем, {{ given_name }}!")
        campaigns.edit(campaign, broken, MARKETER)
        db.session.commit()
    page = viewer.get(f"{at}?lang=en").text
    assert "The message cannot be made." in page
    assert "given_name" in page
    assert "<iframe" not in page
    assert viewer.get(f"{at}/frame").status_code == 422


def test_the_hardest_readers_are_shown_and_what_they_typed_is_never_obeyed(
    web: Flask, viewer: Browser, world: World, at: str
) -> None:
    with web.app_context():
        found = campaigns.find(world.campaign_id)
        words = "Сәлем, {{ given_name|default('оқырман') }}!"
        campaigns.edit(found, Content("kk", "Хат", words), MARKETER)
        db.session.commit()
    assert "Айгүл" in viewer.get(f"{at}/frame").text
    assert "Сәлем, оқырман!" in viewer.get(f"{at}/frame?reader=nameless").text
    assert "Әлиұлтанмұхаммед" in viewer.get(f"{at}/frame?reader=longest").text
    strange = viewer.get(f"{at}/frame?reader=markup").text
    assert "&lt;b&gt;" in strange
    assert "{{ email }}" in strange
    assert "Айгүл" in viewer.get(f"{at}/frame?reader=nobody-such").text


def test_a_real_subscriber_is_shown_by_address_and_no_page_s_address_holds_it(
    web: Flask, browse: Callable[[Role], Browser], world: World, at: str
) -> None:
    marketer = browse(Role.MARKETER)
    answer = marketer.post(f"{at}/person", {"email": "person3@example.com"})
    where = answer.headers["Location"]
    assert "person=" in where
    assert "example.com" not in where
    with web.app_context():
        campaigns.edit(
            campaigns.find(world.campaign_id), Content("kk", "Хат", "{{ email }}"), MARKETER
        )
        db.session.commit()
        assert [entry.action for entry in audit.latest()].count("message previewed for") == 1
    frame = where.replace("/preview?", "/preview/frame?")
    assert "person3@example.com" in marketer.get(frame).text
    unknown = marketer.post(f"{at}/person?lang=en", {"email": "nobody@example.com"})
    assert "person=" not in unknown.headers["Location"]
    assert marketer.post(f"{at}/person", {"email": "no address"}).status_code == 303
    viewer = browse(Role.VIEWER)
    assert viewer.post(f"{at}/person", {"email": "person3@example.com"}).status_code == 403
    assert "person3@example.com" not in viewer.get(frame).text


def test_without_images_none_is_fetched_and_in_the_dark_the_colours_turn(
    viewer: Browser, at: str
) -> None:
    bare = viewer.get(f"{at}/frame?part=bare").headers["Content-Security-Policy"]
    assert "img-src 'none'" in bare
    usual = viewer.get(f"{at}/frame")
    assert "img-src http://127.0.0.1:8080 https: data:" in usual.headers["Content-Security-Policy"]
    assert "invert(1)" in viewer.get(f"{at}/frame?part=dark").text
    assert "invert(1)" not in usual.text
    assert "An approximation" in viewer.get(f"{at}?part=dark&lang=en").text
    assert "on-phone" in viewer.get(f"{at}?part=phone").text


def test_the_meter_counts_the_encoded_part_against_what_gmail_shows(
    web: Flask, viewer: Browser, world: World, at: str
) -> None:
    assert "Gmail will cut" not in viewer.get(f"{at}?lang=en").text
    with web.app_context():
        # 40,000 Kazakh letters are 80 kB, and 107 kB in base64: what is sent is what is cut.
        long = "\n\n".join(["Қазақша мәтін. " * 67] * 40)
        campaigns.edit(campaigns.find(world.campaign_id), Content("kk", "Хат", long), MARKETER)
        db.session.commit()
    page = viewer.get(f"{at}?lang=en").text
    assert "Gmail will cut this message off" in page
    assert 'class="fill over"' in page


def test_a_test_mail_goes_to_oneself_by_default_and_the_page_tells_what_became_of_it(
    web: Flask, browse: Callable[[Role], Browser], world: World, at: str
) -> None:
    """T53: "sent" is said only on evidence; until then it waits its turn."""
    marketer = browse(Role.MARKETER)
    page = marketer.get(f"{at}?lang=en").text
    assert "\nmarketer@example.com</textarea>" in page
    test = at.replace("/preview", "/test")
    typed = {"language": "kk", "reader": "usual", "to": "marketer@example.com, x@example.com"}
    answer = marketer.post(f"{test}?lang=en", typed)
    assert answer.status_code == 303
    told = marketer.get(f"{at}?lang=en").text
    assert "2 test mails are on their way." in told
    assert told.count("<td>Waiting their turn</td>") == 2
    assert "Accepted by" not in told
    refused = marketer.post(f"{test}?lang=en", typed | {"to": "me@example.com nobody"})
    assert refused.status_code == 422
    assert "me@example.com nobody</textarea>" in refused.text
    assert 'id="to-wrong"' in refused.text
    with web.app_context():
        assert db.session.execute(db.text("SELECT count(*) FROM trials")).scalar_one() == 2


def test_a_test_of_words_that_somebody_changed_meanwhile_is_refused(
    browse: Callable[[Role], Browser], world: World, at: str
) -> None:
    marketer = browse(Role.MARKETER)
    test = at.replace("/preview", "/test")
    typed = {"language": "kk", "reader": "usual", "to": "x@example.com", "seen": "0" * 24}
    assert marketer.post(test, typed).status_code == 409


def test_whoever_got_a_test_mail_says_on_the_page_that_it_looks_right(
    web: Flask, browse: Callable[[Role], Browser], world: World, at: str
) -> None:
    """O1: the button is there once a relay took the mail, for whoever sent or got it; the last look
    leads here, names them afterwards, and asks again once somebody has changed a word."""
    marketer, viewer, officer = (browse(one) for one in (Role.MARKETER, Role.VIEWER, Role.OFFICER))
    test, right = at.replace("/preview", "/test"), at.replace("/preview", "/looks-right")
    ready = at.replace("/preview", "/ready?lang=en")
    marketer.post(test, {"language": "kk", "reader": "usual", "to": "officer@example.com"})
    assert f'href="{at}?language=kk&amp;lang=en#test">To the test mail' in marketer.get(ready).text
    assert "It looks right</button>" not in officer.get(f"{at}?lang=en").text, "it may not arrive"
    with web.app_context():
        db.session.execute(db.text("UPDATE deliveries SET state = 'accepted'"))
        db.session.commit()
    page = officer.get(f"{at}?lang=en").text
    assert "It looks right</button>" in page
    assert "It looks right</button>" in marketer.get(f"{at}?lang=en").text
    assert "It looks right</button>" not in viewer.get(f"{at}?lang=en").text
    typed = {"language": "kk", "seen": _seen_by_a_nod(page)}
    assert viewer.post(right, typed).status_code == 403
    assert officer.post(right, typed | {"seen": "0" * 64}).status_code == 409
    assert officer.post(right, typed).status_code == 303
    said = "looks right, said officer@example.com, "
    assert said in officer.get(f"{at}?lang=en").text
    assert said in marketer.get(ready).text
    with web.app_context():
        campaigns.edit(campaigns.find(world.campaign_id), Content("kk", "Хат", "Б"), MARKETER)
        db.session.commit()
    assert said not in marketer.get(ready).text
    assert officer.post(right, typed).status_code == 409


def _seen_by_a_nod(page: str) -> str:
    found = re.search(r'looks-right" .*?name="seen" value="([0-9a-f]{64})"', page, re.DOTALL)
    assert found
    return found[1]
