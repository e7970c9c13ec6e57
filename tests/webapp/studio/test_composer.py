"""The composer: blocks as fields, buttons without script, nothing typed lost, versions."""

import io
import re
from collections.abc import Callable, Mapping
from html import unescape

import pytest
from flask import Flask
from PIL import Image

from mailing.base.database import db
from mailing.campaigns import campaigns, history, unsaved
from mailing.campaigns.blocks import from_body
from mailing.campaigns.campaigns import State
from mailing.deliveries import readiness
from mailing.people import topics
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import World

TYPED = {
    "kk-subject": "Қысқы топтама",
    "kk-preheader": "Жеңіл әрі берік",
    "kk-1-kind": "heading",
    "kk-1-words": "Сәлем, {{ given_name|default('оқырман') }}",
    "kk-2-kind": "text",
    "kk-2-text": "Бірінші жол.\r\nЕкінші жол.",
    "kk-3-kind": "button",
    "kk-3-words": "Қарау",
    "kk-3-link": "https://shop.example/new",
}


@pytest.fixture
def marketer(browse: Callable[[Role], Browser], world: World) -> Browser:
    return browse(Role.MARKETER)


@pytest.fixture
def at(web: Flask, marketer: Browser) -> str:
    """The composer of a draft that was begun with its topic alone."""
    answer = marketer.post("/studio/campaigns/begin", {"topic": "offers"})
    assert answer.headers["Location"] == "/studio/campaigns/2/brief"
    return "/studio/campaigns/2/compose"


def blocks_of(web: Flask, language: str = "kk") -> list[tuple[str, Mapping[str, str]]]:
    with web.app_context():
        content = campaigns.find(2).content_in(language)
        return [(block.kind, block.said) for block in from_body(content.body)]


def fields(page: str) -> dict[str, str]:
    """The words in the form's text fields, as a browser would post them."""
    inputs = re.findall(r'<input [^>]*name="([\w-]+)" value="([^"]*)"', page)
    areas = re.findall(r'<textarea [^>]*name="([\w-]+)"[^>]*>\n([^<]*)</textarea>', page)
    hidden = re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', page)
    return {name: unescape(text) for name, text in [*inputs, *areas, *hidden]}


def test_a_brief_is_begun_with_a_topic_alone_and_says_what_is_to_do(
    web: Flask, marketer: Browser, at: str
) -> None:
    page = marketer.get("/studio/campaigns/2/brief?lang=en").text
    assert re.findall(r"(✓ in place|○ to do)", page) == [
        "✓ in place",
        "✓ in place",
        "○ to do",
        "○ to do",
    ]
    with web.app_context():
        stops = readiness.check(campaigns.find(2)).stops
        assert any("Write a subject" in stop.detail for stop in stops)
    marketer.post(at, {"kk-subject": "Тек тақырып"})
    page = marketer.get("/studio/campaigns/2/brief?lang=en").text
    assert re.findall(r"(✓ in place|○ to do)", page) == [
        "✓ in place",
        "✓ in place",
        "✓ in place",
        "○ to do",
    ]
    marketer.post(at, TYPED)
    assert "Everything is here." in marketer.get("/studio/campaigns/2/brief?lang=en").text


def test_blocks_are_saved_as_typed_and_shown_again(web: Flask, marketer: Browser, at: str) -> None:
    assert marketer.post(at, TYPED).status_code == 303
    kinds = [kind for kind, _ in blocks_of(web)]
    assert kinds == ["heading", "text", "button"]
    assert blocks_of(web)[1][1] == {"text": "Бірінші жол.\nЕкінші жол."}
    page = marketer.get(at).text
    assert "https://shop.example/new" in page
    assert "Екінші жол." in page


def test_each_button_moves_copies_adds_or_deletes_and_keeps_all_that_was_typed(
    marketer: Browser, at: str
) -> None:
    for act, order in [
        ("kk:add:divider", ["heading", "text", "button", "divider"]),
        ("kk:up:4", ["heading", "text", "divider", "button"]),
        ("kk:down:1", ["text", "heading", "divider", "button"]),
        ("kk:copy:2", ["text", "heading", "heading", "divider", "button"]),
        ("kk:delete:4", ["text", "heading", "heading", "button"]),
        ("kk:up:1", ["text", "heading", "heading", "button"]),
        ("kk:delete:99", ["text", "heading", "heading", "button"]),
    ]:
        typed = TYPED if act == "kk:add:divider" else fields(marketer.get(at).text)
        answer = marketer.post(at, typed | {"act": act})
        assert answer.status_code == 303, answer.text
        page = marketer.get(at).text
        assert re.findall(r'name="kk-\d-kind" value="(\w+)"', page) == order, act
    assert page.count("Сәлем, {{ given_name|default(&#39;оқырман&#39;) }}") == 2
    assert "https://shop.example/new" in page


def test_pressing_a_block_button_saves_nothing_for_others(
    web: Flask, marketer: Browser, at: str
) -> None:
    marketer.post(at, TYPED | {"act": "kk:add:text"})
    assert blocks_of(web) == []
    assert "not saved yet" in marketer.get(f"{at}?lang=en").text
    forgotten = marketer.post(f"{at}/forget")
    assert forgotten.status_code == 303
    assert "Қысқы топтама" not in marketer.get(at).text


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"kk-2-text": "a\r\n{{ given_name }}"}, "kk-2-text", "Block 2, line 2: given_name needs"),
        (
            {"kk-2-text": "{{ city }}"},
            "kk-2-text",
            "there is no field “city”; the fields are email",
        ),
        ({"kk-3-link": ""}, "kk-3-link", "Block 3: A button leads nowhere"),
        ({"kk-subject": "{{ surname }}"}, "kk-subject", "surname needs a fallback"),
        (
            {"kk-3-kind": "image", "kk-3-image": "x", "kk-3-alt": "a", "kk-3-words": ""},
            "kk-3-image",
            "uploaded here",
        ),
    ],
)
def test_a_fault_is_said_beside_its_field_and_survives_leaving_the_page(
    web: Flask, marketer: Browser, at: str, change: dict[str, str], field: str, said: str
) -> None:
    answer = marketer.post(f"{at}?lang=en", TYPED | change)
    assert answer.status_code == 422
    assert f'<a href="#{field}">' in answer.text
    assert f'id="{field}"' in answer.text
    assert said in answer.text
    assert blocks_of(web) == []
    again = marketer.get(at).text
    for typed in (TYPED | change).values():
        for line in typed.replace("'", "&#39;").splitlines():
            assert line in again


def test_two_who_write_are_both_shown_and_neither_loses_a_word(
    web: Flask, browse: Callable[[Role], Browser], marketer: Browser, at: str
) -> None:
    seen = fields(marketer.get(at).text)["seen"]
    admin = browse(Role.ADMIN)
    admin.post(at, TYPED | {"kk-2-text": "Әкімшінің сөзі.", "seen": seen})
    refused = marketer.post(f"{at}?lang=en", TYPED | {"kk-2-text": "Менің сөзім.", "seen": seen})
    assert refused.status_code == 409
    assert "Әкімшінің сөзі." in refused.text
    assert "Менің сөзім." in refused.text
    assert blocks_of(web)[1][1] == {"text": "Әкімшінің сөзі."}
    decided = marketer.post(at, fields(refused.text) | {"kk-2-text": "Екеуі де."})
    assert decided.status_code == 303
    with web.app_context():
        said = [version.body for version in history.of(2)]
    assert "Екеуі де." in said[0]
    assert "Әкімшінің сөзі." in said[1]


def test_the_page_says_who_else_is_writing(
    browse: Callable[[Role], Browser], marketer: Browser, at: str
) -> None:
    admin = browse(Role.ADMIN)
    told = admin.post(f"{at}/typed", TYPED)
    assert told.json is not None
    assert told.json["others"] == []
    page = marketer.get(f"{at}?lang=en").text
    assert "Somebody else is writing in this campaign just now:" in page
    assert "admin@example.com" in page
    assert "Қысқы топтама" not in page


def test_a_version_is_kept_with_who_and_taken_up_again(
    web: Flask, marketer: Browser, at: str
) -> None:
    marketer.post(at, TYPED)
    marketer.post(at, TYPED | {"kk-subject": "Басқа тақырып"})
    page = marketer.get("/studio/campaigns/2/versions?lang=en").text
    assert page.count("marketer@example.com</td>") == 3
    assert "Қарау" in marketer.get("/studio/campaigns/2/versions/2").text
    assert marketer.post("/studio/campaigns/2/versions/2/restore").status_code == 303
    with web.app_context():
        assert campaigns.find(2).content_in("kk").subject == "Қысқы топтама"
        assert [version.number for version in history.of(2)] == [4, 3, 2, 1]


def test_a_language_that_was_emptied_is_left_out_and_the_last_one_stays(
    web: Flask, marketer: Browser, at: str
) -> None:
    russian = {"ru-subject": "Письмо", "ru-1-kind": "text", "ru-1-text": "Здравствуйте."}
    marketer.post(at, TYPED | russian)
    marketer.post(at, russian)
    with web.app_context():
        campaign = campaigns.find(2)
        assert [body.language for body in campaign.bodies] == ["ru"]
        assert campaign.language == "ru"
    assert marketer.post(at, {}).status_code == 422
    with web.app_context():
        assert campaigns.find(2).content_in("ru").subject == "Письмо"


def test_what_was_typed_survives_the_end_of_the_login(
    web: Flask, marketer: Browser, at: str
) -> None:
    form = TYPED | {"csrf_token": marketer.token()}
    marketer.post("/studio/logout")
    assert marketer.client.post(f"{at}?lang=en", data=form).status_code == 401
    marketer.log_in("marketer@example.com")
    again = marketer.client.post(f"{at}?lang=en", data=form)
    assert again.status_code == 400
    assert "You have logged in anew." in again.text
    assert "Қысқы топтама" in again.text
    assert blocks_of(web) == []


def test_only_a_draft_is_written_and_what_is_typed_then_is_refused(
    web: Flask, marketer: Browser, at: str
) -> None:
    marketer.post(at, TYPED)
    with web.app_context():
        campaigns.find(2).state = State.STOPPED.value
        db.session.commit()
    for address in (at, f"{at}/typed"):
        assert marketer.post(address, TYPED | {"kk-subject": "Кеш"}).status_code == 409
    with web.app_context():
        assert unsaved.find(2, "staff 2") is None


def test_a_viewer_reads_brief_and_versions_and_may_not_write(
    browse: Callable[[Role], Browser], marketer: Browser, at: str
) -> None:
    marketer.post(at, TYPED)
    viewer = browse(Role.VIEWER)
    brief = viewer.get("/studio/campaigns/2/brief?lang=en").text
    assert "Change" not in brief
    assert "restore" not in viewer.get("/studio/campaigns/2/versions/2").text
    for path in ("compose", "compose/typed", "versions/1/restore", "to", "test"):
        assert viewer.post(f"/studio/campaigns/2/{path}", TYPED).status_code == 403


def test_the_topic_can_be_changed_while_it_is_a_draft(
    web: Flask, marketer: Browser, at: str
) -> None:
    with web.app_context():
        topics.add("events", "events", "Іс-шаралар", "События", "Events")
        db.session.commit()
    assert marketer.post("/studio/campaigns/2/to", {"topic": "events"}).status_code == 303
    assert marketer.post("/studio/campaigns/2/to", {"topic": "notices"}).status_code == 409
    with web.app_context():
        assert campaigns.find(2).topic.slug == "events"


def picture(kind: str = "PNG", size: tuple[int, int] = (300, 200)) -> io.BytesIO:
    held = io.BytesIO()
    Image.new("RGB", size, (10, 90, 110)).save(held, kind)
    held.seek(0)
    return held


def test_an_image_is_uploaded_with_the_press_that_saves(
    web: Flask, marketer: Browser, at: str
) -> None:
    form = TYPED | {"kk-4-kind": "image", "kk-4-alt": "Көзілдірік"}
    answer = marketer.post(at, form | {"kk-4-file": (picture(), "glasses.png")})
    assert answer.status_code == 303, answer.text
    name = blocks_of(web)[3][1]["image"]
    served = web.test_client().get(f"/images/{name}")
    assert served.status_code == 200
    frame = marketer.get("/studio/campaigns/2/preview/frame").text
    assert f"/images/{name}" in frame


def test_a_file_that_is_no_image_is_refused_beside_its_field_and_nothing_is_lost(
    marketer: Browser, at: str
) -> None:
    form = TYPED | {"kk-4-kind": "image", "kk-4-alt": "Көзілдірік"}
    evil = io.BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>")
    answer = marketer.post(f"{at}?lang=en", form | {"kk-4-file": (evil, "x.png")})
    assert answer.status_code == 422
    assert 'id="kk-4-image-wrong"' in answer.text
    assert "Көзілдірік" in marketer.get(at).text


def test_what_was_typed_as_one_text_becomes_the_first_block(web: Flask, marketer: Browser) -> None:
    typed = {
        "topic": "offers",
        "kk-subject": "Хат",
        "kk-body": "Бір **мәтін**.",
        "ru-subject": "Да",
    }
    assert marketer.post("/studio/campaigns/begin", typed).status_code == 303
    assert blocks_of(web) == [("text", {"text": "Бір **мәтін**."})]
    with web.app_context():
        assert campaigns.find(2).content_in("ru").subject == "Да"
    refused = marketer.post("/studio/campaigns/begin?lang=en", typed | {"topic": ""})
    assert refused.status_code == 422
    assert "Бір **мәтін**." in refused.text
    assert '<a href="#topic">' in refused.text
