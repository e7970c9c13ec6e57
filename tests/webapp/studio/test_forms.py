"""Forms and topics in the studio: added, changed as the next version, and copied from."""

from collections.abc import Callable, Mapping
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.people import forms, topics
from mailing.staff.audit import latest
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import World

Browse = Callable[[Role], Browser]

FORM = {"slug": "main", "origins": "https://glazik.example", "topic": "offers"}
TOPIC = {
    "slug": "events",
    "purpose": "events",
    "frequency": "monthly",
    "kk-name": "Оқиғалар",
    "ru-name": "События",
    "en-name": "Events",
    "ru-about": "Встречи и выставки.",
}


def _posted(browser: Browser, path: str, form: Mapping[str, object]) -> tuple[int, str]:
    answer = browser.post(f"{path}?lang=en", form)
    return answer.status_code, unescape(answer.text)


def test_an_officer_adds_a_form_for_all_four_addresses_of_a_site(
    web: Flask, browse: Browse, world: World
) -> None:
    officer = browse(Role.OFFICER)
    said = {"kk-heading": "Хаттар", "kk-introduction": "Бірінші.\r\nЕкінші."}
    assert _posted(officer, "/studio/forms/new", {**FORM, **said, "variants": "on"})[0] == 303
    with web.app_context():
        version = forms.current(forms.find("main"))
        assert version.origins == [
            "https://glazik.example",
            "http://glazik.example",
            "https://www.glazik.example",
            "http://www.glazik.example",
        ]
        assert forms.texts_of(version, "kk")["introduction"] == "Бірінші.\nЕкінші."
        assert latest(1)[0].action == "form registered"
        assert (latest(1)[0].subject, latest(1)[0].details) == ("form main", {"version": 1})
    page = unescape(officer.get("/studio/forms/main?lang=en&copy=kk").text)
    assert "is refused" not in page
    assert "<h2>Хаттар</h2>" in page


def test_an_exact_list_is_the_rule_and_the_page_names_what_is_refused(
    web: Flask, browse: Browse, world: World
) -> None:
    officer = browse(Role.OFFICER)
    assert _posted(officer, "/studio/forms/new", dict(FORM))[0] == 303
    page = officer.get("/studio/forms/main?lang=en").text
    assert page.count("is refused: not registered") == 3
    with web.app_context():
        assert forms.current(forms.find("main")).origins == ["https://glazik.example"]


def test_a_change_is_the_next_version_and_keeps_what_was_not_touched(
    web: Flask, browse: Browse, world: World
) -> None:
    officer = browse(Role.OFFICER)
    _posted(officer, "/studio/forms/new", {**FORM, "ru-heading": "Письма"})
    page = unescape(officer.get("/studio/forms/main/change?lang=en").text)
    assert 'value="Письма"' in page
    assert 'value="offers" checked' in page
    changed = {**FORM, "ru-heading": "Письма", "origins": "https://other.example"}
    assert _posted(officer, "/studio/forms/main/change", changed)[0] == 303
    with web.app_context():
        form = forms.find("main")
        assert [one.version for one in forms.versions_of(form)] == [2, 1]
        assert forms.version_of(form, 1).origins == ["https://glazik.example"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"slug": ""}, "slug"),
        ({"slug": "Main!"}, "slug"),
        ({"slug": "site"}, "slug"),
        ({"slug": "x" * 70}, "slug"),
        ({"origins": ""}, "origins"),
        ({"origins": "glazik.example"}, "origins"),
        ({"origins": "https://glazik.example/join"}, "origins"),
        ({"origins": "javascript:alert(1)"}, "origins"),
        ({"origins": "https://a.example\nnull"}, "origins"),
        ({"topic": []}, "topic-1"),
        ({"topic": "notices"}, "topic-1"),
        ({"topic": "nothing"}, "topic-1"),
        ({"kk-heading": "x" * 201}, "kk-heading"),
        ({"ru-introduction": "x" * 2001}, "ru-introduction"),
        ({"en-introduction": "\u202eturned"}, "en-introduction"),
        ({"en-heading": "nul\0"}, "en-heading"),
    ],
    ids=str,
)
def test_whatever_is_wrong_is_said_beside_its_field_and_nothing_is_lost(
    web: Flask, browse: Browse, world: World, wrong: dict[str, object], field: str
) -> None:
    typed = {**FORM, "ru-heading": '"Письма"', **wrong}
    status, page = _posted(browse(Role.OFFICER), "/studio/forms/new", typed)
    assert status == 422
    assert f'<a href="#{field}">' in page
    assert f'id="{field}"' in page
    assert '""Письма""' in page
    with web.app_context():
        assert [one.slug for one in forms.all_forms()] == ["site"]


def test_a_topic_says_what_it_brings_and_how_often(
    web: Flask, browse: Browse, world: World
) -> None:
    officer = browse(Role.OFFICER)
    assert _posted(officer, "/studio/topics/new", dict(TOPIC))[0] == 303
    page = officer.get("/studio/topics?lang=ru").text
    assert "Встречи и выставки." in page
    assert "не чаще раза в месяц" in page
    changed = {**TOPIC, "en-name": "Meetings", "frequency": "", "ru-about": ""}
    assert _posted(officer, "/studio/topics/events", changed)[0] == 303
    with web.app_context():
        topic = topics.find("events")
        assert (topic.names["en"], topic.frequency, topic.about) == ("Meetings", None, {})
        assert [one.action for one in latest(2)] == ["topic described", "topic added"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"slug": ""}, "slug"),
        ({"slug": "notices"}, "slug"),
        ({"slug": "offers"}, "slug"),
        ({"purpose": "spying"}, "purpose"),
        ({"purpose": ""}, "purpose"),
        ({"ru-name": " "}, "ru-name"),
        ({"en-name": "x" * 201}, "en-name"),
        ({"kk-about": "two\nlines"}, "kk-about"),
        ({"frequency": "hourly"}, "frequency"),
    ],
    ids=str,
)
def test_a_topic_that_cannot_be_is_said_beside_its_field(
    web: Flask, browse: Browse, world: World, wrong: dict[str, object], field: str
) -> None:
    status, page = _posted(browse(Role.OFFICER), "/studio/topics/new", {**TOPIC, **wrong})
    assert status == 422
    assert f'<a href="#{field}">' in page
    assert f'id="{field}"' in page
    with web.app_context():
        assert len(topics.all_topics()) == 2


def test_the_topic_of_notices_is_not_changed_here(web: Flask, browse: Browse, world: World) -> None:
    officer = browse(Role.OFFICER)
    assert officer.get("/studio/topics/notices").status_code == 403
    assert _posted(officer, "/studio/topics/notices", dict(TOPIC))[0] == 403


def test_what_is_not_there_is_missing(browse: Browse, world: World) -> None:
    officer = browse(Role.OFFICER)
    for path in ("forms/nothing", "forms/nothing/change", "topics/nothing"):
        assert officer.get(f"/studio/{path}").status_code == 404


def test_a_marketer_reads_and_changes_nothing(browse: Browse, world: World) -> None:
    marketer = browse(Role.MARKETER)
    page = marketer.get("/studio/forms/site?lang=en").text
    assert "/change" not in page
    assert _posted(marketer, "/studio/forms/site/change", dict(FORM))[0] == 403
    assert "Add a topic" not in marketer.get("/studio/topics?lang=en").text


def test_without_a_policy_the_page_says_why_there_is_nothing_to_copy(
    web: Flask, browse: Browse, world: World
) -> None:
    with web.app_context():
        db.session.execute(text("UPDATE policy_versions SET published_at = NULL"))
        db.session.commit()
    page = browse(Role.OFFICER).get("/studio/forms/site?lang=en").text
    assert "kelisim policy import" in page
    assert "<textarea" not in page
