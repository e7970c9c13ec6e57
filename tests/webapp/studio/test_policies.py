"""Policy versions in the studio: what is in force, and publishing what was imported."""

from collections.abc import Callable
from datetime import date

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
    assert f"/studio/policies/{material}/publish" not in page


def test_publishing_a_material_version_drafts_its_notice_and_leads_there(
    web: Flask, browse: Callable[[Role], Browser], material: int
) -> None:
    officer = browse(Role.OFFICER)
    assert f"/studio/policies/{material}/publish" in officer.get("/studio/policies").text
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
