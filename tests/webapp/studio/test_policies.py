"""Policy versions in the studio: what is in force, and publishing what was imported."""

import re
from collections.abc import Callable
from datetime import date
from html import unescape
from io import BytesIO

import pytest
from flask import Flask

from mailing.base.database import db
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import Kind
from mailing.policies import versions
from mailing.policies.versions import NewText
from mailing.staff import audit
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import World


@pytest.fixture
def material(web: Flask, world: World) -> int:
    """The id of a material version that nobody has published yet."""
    with web.app_context():
        new = NewText("kk", date(2027, 1, 1), label="2027", material=True)
        text = versions.import_text("Жаңа саясат\n".encode(), new)
        number = text.policy_id
        db.session.commit()
    return number


def test_each_version_is_shown_with_the_hash_of_its_bytes(
    web: Flask, browse: Callable[[Role], Browser], material: int
) -> None:
    page = browse(Role.VIEWER).get("/studio/policies?lang=en").text
    with web.app_context():
        hashes = [t.sha256 for p in versions.all_versions() for t in versions.texts(p)]
    assert len(hashes) == 2
    assert all(value in page for value in hashes)
    assert "Not published." in page
    detail = browse(Role.VIEWER).get(f"/studio/policies/{material}").text
    assert f"/studio/policies/{material}/publish" not in page + detail


def test_publishing_a_material_version_drafts_its_notice_and_leads_there(
    web: Flask, browse: Callable[[Role], Browser], material: int
) -> None:
    officer = browse(Role.OFFICER)
    assert (
        f"/studio/policies/{material}/publish" in officer.get(f"/studio/policies/{material}").text
    )
    answer = officer.post(f"/studio/policies/{material}/publish")
    with web.app_context():
        (notice,) = [one for one in campaigns.by_state() if one.kind == Kind.NOTICE]
        assert answer.headers["Location"] == f"/studio/campaigns/{notice.id}"
        assert versions.find(material).published_at is not None
        assert "policy published" in [entry.action for entry in audit.latest()]


def test_publishing_twice_drafts_one_notice(
    web: Flask, browse: Callable[[Role], Browser], material: int
) -> None:
    officer = browse(Role.OFFICER)
    for _ in range(2):
        assert officer.post(f"/studio/policies/{material}/publish").status_code == 303
    with web.app_context():
        assert len([one for one in campaigns.by_state() if one.kind == Kind.NOTICE]) == 1


def test_a_notices_audience_is_counted_among_the_people_who_are_known(
    browse: Callable[[Role], Browser], material: int
) -> None:
    officer = browse(Role.OFFICER)
    officer.post(f"/studio/policies/{material}/publish")
    page = officer.get("/studio/campaigns/2/audience?lang=en").text
    assert "Known people" in page
    assert "12 people are considered; 9 will receive." in page


def test_without_any_policy_the_page_says_what_to_do(browse: Callable[[Role], Browser]) -> None:
    page = browse(Role.ADMIN).get("/studio/policies?lang=en").text
    assert "kelisim policy import" in page


WHOLE = {
    "label": "2028",
    "effective": "2028-01-01",
    "material": "1",
    "purposes": "products_services, special_offers, partner_offers",
    "fields": "email, phone",
    "operator": "Glazik Kazakhstan LLP",
    "mailbox": "privacy@glazik.example",
    "withdrawal_marks": "Отзыв согласия\nКелісімді қайтарып алу",
    "rectification_marks": "Исправление данных",
}


def test_a_version_is_written_in_three_languages_uploaded_and_typed(
    web: Flask, browse: Callable[[Role], Browser]
) -> None:
    """An upload is kept byte for byte, CRLF and all; what is typed gets simple line ends."""
    bytes_of_a_file = "1. Бір\r\n3. Үш\r\n".encode()
    officer = browse(Role.OFFICER)
    answer = officer.post(
        "/studio/policies/new",
        WHOLE
        | {
            "kk-file": (BytesIO(bytes_of_a_file), "policy.txt"),
            "ru-text": "# Политика\r\n\r\n1. Один",
            "ru-format": "markdown",
            "en-text": "1. One",
            "ru-summary": "Новая цель",
        },
    )
    assert answer.status_code == 303, answer.text
    with web.app_context():
        (policy,) = versions.all_versions()
        texts = {text.language: text for text in versions.texts(policy)}
        assert texts["kk"].content == bytes_of_a_file
        assert texts["ru"].content == "# Политика\n\n1. Один".encode()
        assert (texts["ru"].format, texts["kk"].format) == ("markdown", "text")
        assert (policy.material, policy.published_at) == (True, None)
        assert policy.declared_mailbox == "privacy@glazik.example"
        assert policy.declared_marks.withdrawal == ("Отзыв согласия", "Келісімді қайтарып алу")
        assert policy.summaries == {"ru": "Новая цель"}
        assert [entry.action for entry in audit.latest()].count("policy imported") == 3
    page = officer.get(answer.headers["Location"] + "?lang=en").text
    assert "The number 2 is missing" in page
    assert "No BIN stands in it" in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Give the text in one language at least."),
        ({"kk-file": (b"\xff\xfe", "x.txt")}, "not UTF-8"),
        ({"kk-file": (b"a\0b", "x.txt")}, "NUL"),
        ({"kk-text": "a", "effective": "9999-12-31"}, "look at the year"),
        ({"kk-text": "a", "effective": "yesterday"}, "Enter the day"),
        ({"kk-text": "a", "effective": ""}, "Enter the day"),
        ({"kk-text": "a", "fields": "phone"}, "must contain email"),
        ({"kk-text": "a", "purposes": "A B"}, "no name of a purpose"),
        ({"kk-text": "a", "mailbox": "nobody"}, "is an address like"),
        ({"kk-text": "a", "withdrawal_marks": ""}, "Declare 1 to"),
        ({"kk-text": "a", "label": "a/b"}, "without / ? # %"),
        ({"kk-text": "a", "ru-summary": "{{ email }}"}, "without merge tags"),
        ({"kk-text": "same", "ru-text": "same"}, "already the kk text"),
    ],
)
def test_what_is_wrong_is_said_beside_it_and_nothing_is_kept(
    web: Flask, browse: Callable[[Role], Browser], changes: dict[str, object], said: str
) -> None:
    files = {
        name: (BytesIO(value[0]), value[1])
        for name, value in changes.items()
        if isinstance(value, tuple)
    }
    answer = browse(Role.ADMIN).post("/studio/policies/new?lang=en", WHOLE | changes | files)
    assert answer.status_code == 422
    assert said in unescape(answer.text)
    assert "There is a problem" in answer.text
    with web.app_context():
        assert versions.all_versions() == []


def test_a_label_in_use_is_refused_and_a_language_is_added_on_the_versions_own_page(
    web: Flask, browse: Callable[[Role], Browser], material: int
) -> None:
    officer = browse(Role.OFFICER)
    again = officer.post("/studio/policies/new?lang=en", WHOLE | {"label": "2027", "en-text": "x"})
    assert again.status_code == 422
    assert "There is a version of this name" in again.text
    added = officer.post(
        f"/studio/policies/{material}/write", {"en-text": "1. One", "en-summary": ""}
    )
    assert added.status_code == 303
    twice = officer.post(f"/studio/policies/{material}/write?lang=en", {"en-text": "1. Two"})
    assert twice.status_code == 422
    assert "a text is never edited" in unescape(twice.text)


def test_publishing_what_somebody_has_added_to_meanwhile_is_refused(
    web: Flask, browse: Callable[[Role], Browser], material: int
) -> None:
    officer = browse(Role.OFFICER)
    page = officer.get(f"/studio/policies/{material}").text
    seen = re.search(r'name="seen" value="(\w+)"', page)
    assert seen
    officer.post(f"/studio/policies/{material}/write", {"ru-text": "1. Один"})
    answer = officer.post(f"/studio/policies/{material}/publish", {"seen": seen[1]})
    assert answer.status_code == 409
    with web.app_context():
        assert versions.find(material).published_at is None


def test_the_page_says_what_follows_from_publishing_and_the_lines_add_up(
    world: World, browse: Callable[[Role], Browser], material: int
) -> None:
    page = " ".join(browse(Role.OFFICER).get(f"/studio/policies/{material}?lang=en").text.split())
    assert "This drafts a notice to 9 people" in page
    assert "3 people are not told by it" in page
    assert "first moment of that day where the operator is" in page
    assert re.search(r"people with a subscription</th><td class=\"number\">9<", page)
    assert re.search(r"which declares all that this one does</th><td class=\"number\">9<", page)


def test_a_draft_is_read_by_staff_and_its_script_runs_nowhere(
    web: Flask, browse: Callable[[Role], Browser]
) -> None:
    officer = browse(Role.OFFICER)
    hostile = "# <script>alert(1)</script>\n\n[a](javascript:alert(2)) ![i](http://t.example/i)"
    made = officer.post(
        "/studio/policies/new",
        WHOLE | {"kk-text": hostile, "kk-format": "markdown", "kk-summary": hostile},
    )
    assert made.status_code == 303, made.text
    for address in (made.headers["Location"], f"{made.headers['Location']}/text?language=kk"):
        page = officer.get(address).text
        assert "<script>alert" not in page
        assert 'href="javascript' not in page
        assert "<img" not in page


def test_the_report_of_a_notice_and_its_people_as_a_harmless_sheet(
    web: Flask, world: World, browse: Callable[[Role], Browser], material: int
) -> None:
    officer = browse(Role.OFFICER)
    officer.post(f"/studio/policies/{material}/publish")
    page = " ".join(officer.get(f"/studio/policies/{material}/report?lang=en").text.split())
    assert "0 people of 12 were told." in page
    refused = officer.post(f"/studio/policies/{material}/report?lang=en", {"why": " "})
    assert refused.status_code == 422
    assert "why you need the list" in refused.text
    sheet = officer.post(f"/studio/policies/{material}/report", {"why": "letters by post"})
    assert sheet.mimetype == "text/csv"
    assert sheet.text.count("@example.com") == 12
    with web.app_context():
        (entry,) = [one for one in audit.latest() if one.action == "people exported"]
        assert (entry.details["why"], entry.details["rows"]) == ("letters by post", 12)
        assert "@" not in str(entry.details)
