"""Counting clicks in the studio: allowed by an admin, chosen by who writes, read by everybody."""

import csv
import re
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.campaigns import campaigns, counting
from mailing.campaigns.content import Content
from mailing.deliveries import clicks, drafts
from mailing.deliveries.counted_links import CountedLink
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import MARKETER, World, let_go

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
BODY = (
    "[Дүкен](https://shop.example/new) [Сізге](https://shop.example/{{ email }}) <https://a.test>"
)


@pytest.fixture
def at(world: World) -> str:
    return f"/studio/campaigns/{world.campaign_id}"


def allow(web: Flask, on: bool = True) -> None:
    with web.app_context():
        counting.switch(on, MARKETER)
        db.session.commit()


def lay(web: Flask, world: World) -> None:
    """The campaign is over, with two links that were pressed and one that was not."""
    let_go(web, world, ["accepted"] * 9)
    with web.app_context():
        said = (("a", 1, "=1+1"), ("b", 2, "Көзілдірік <b>"), ("c", 4, ""))
        for token, number, words in said:
            to = f"https://shop.example/{token}?x=1&y=2"
            link = CountedLink(token=token, language="kk", number=number, target=to, words=words)
            link.campaign_id = world.campaign_id
            db.session.add(link)
        db.session.flush()
        clicks.keep({AT: {"a": (4, 3), "b": (3, 0)}})
        db.session.execute(text("UPDATE campaigns SET state = 'done', finished_at = now()"))
        db.session.commit()


def test_an_admin_allows_it_and_nobody_else(
    web: Flask, world: World, browse: Callable[[Role], Browser]
) -> None:
    for role in (Role.MARKETER, Role.OFFICER, Role.VIEWER):
        browser = browse(role)
        assert browser.post("/studio/settings/clicks", {"count": "yes"}).status_code == 403
        assert "Let campaigns count clicks" not in browser.get("/studio/settings?lang=en").text
    admin = browse(Role.ADMIN)
    assert "Clicks are not counted." in admin.get("/studio/settings?lang=en").text
    for count, said in (("yes", "Count none from now on"), ("no", "Let campaigns count clicks")):
        assert admin.post("/studio/settings/clicks", {"count": count}).status_code == 303
        assert said in admin.get("/studio/settings?lang=en").text
    with web.app_context():
        logged = db.session.scalars(
            text("SELECT action FROM audit_log WHERE subject = 'installation'")
        )
        assert [one for one in logged if "clicks" in one] == [
            "clicks counted",
            "clicks not counted",
        ]


def test_a_brief_offers_it_only_where_it_is_allowed_and_says_what_is_left_alone(
    web: Flask, world: World, at: str, browse: Callable[[Role], Browser]
) -> None:
    marketer = browse(Role.MARKETER)
    assert 'id="clicks"' not in marketer.get(f"{at}/brief").text
    assert marketer.post(f"{at}/clicks", {"count": "yes"}).status_code == 409
    allow(web)
    with web.app_context():
        drafts.edit(campaigns.find(world.campaign_id), Content("kk", "Хат", BODY), MARKETER)
        db.session.commit()
    assert "are not counted" in marketer.get(f"{at}/brief?lang=en").text
    assert marketer.post(f"{at}/clicks", {"count": "yes"}).status_code == 303
    page = marketer.get(f"{at}/brief?lang=en").text
    assert "1 link is counted; left as they are, as they hold a reader's data: 1; left" in page
    assert "Count the clicks" not in browse(Role.VIEWER).get(f"{at}/brief?lang=en").text
    allow(web, on=False)
    assert "but the settings count none" in marketer.get(f"{at}/brief?lang=en").text
    assert marketer.post(f"{at}/clicks", {"count": "no"}).status_code == 303
    assert 'id="clicks"' not in marketer.get(f"{at}/brief").text


def test_a_report_shows_each_link_and_adds_up(
    web: Flask, world: World, at: str, browse: Callable[[Role], Browser]
) -> None:
    lay(web, world)
    page = browse(Role.VIEWER).get(f"{at}/report?lang=en").text
    section = page.split('id="clicks"')[1].split('id="failures"')[0]
    rows = [
        re.findall(r'<td class="number"[^>]*>([^<]+)</td>', row) for row in section.split("<tr")
    ]
    assert [row for row in rows if row] == [
        ["3", "0", "75\xa0%"],
        ["1", "3", "25\xa0%"],
        ["0", "0", "0\xa0%"],
        ["4", "3", "100\xa0%"],
    ]
    assert "Көзілдірік &lt;b&gt;" in section
    assert "https://shop.example/b?x=1&amp;y=2" in section
    assert "Қазақша, link 4" in section
    assert section.count('role="img"') == 3
    assert 'width="75.0%"' in section
    assert '<a href="https' not in section, "a report presses no link of its own accord"


def test_the_sheet_holds_the_same_sums_and_no_formula(
    web: Flask, world: World, at: str, browse: Callable[[Role], Browser]
) -> None:
    lay(web, world)
    answer = browse(Role.VIEWER).get(f"{at}/report/clicks.csv")
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(StringIO(answer.text.removeprefix("\ufeff"))))
    assert [(one["words"], one["people"], one["machines"]) for one in rows] == [
        ("Көзілдірік <b>", "3", "0"),
        ("'=1+1", "1", "3"),
        ("", "0", "0"),
    ]


def test_a_campaign_that_counted_nothing_has_no_table_and_one_that_wanted_to_says_why(
    web: Flask, world: World, at: str, browse: Callable[[Role], Browser]
) -> None:
    let_go(web, world, ["accepted"] * 9)
    with web.app_context():
        db.session.execute(text("UPDATE campaigns SET state = 'done', finished_at = now()"))
        db.session.commit()
    viewer = browse(Role.VIEWER)
    assert 'id="clicks"' not in viewer.get(f"{at}/report").text
    with web.app_context():
        db.session.execute(text("UPDATE campaigns SET counts_clicks = true"))
        db.session.commit()
    assert "No link of it was counted" in viewer.get(f"{at}/report?lang=en").text


def test_the_register_of_processing_says_whether_anything_is_counted(
    web: Flask, world: World, browse: Callable[[Role], Browser]
) -> None:
    officer = browse(Role.OFFICER)
    page = "/studio/registers/processing?lang=en"
    assert "Nothing of what people do with a message" in officer.get(page).text
    allow(web)
    assert "one sum for each link and hour" in officer.get(page).text
