"""Segments on the page: sentence by sentence, without script, and nothing typed is lost."""

import re
from collections.abc import Callable

import pytest
from flask import Flask

from mailing.campaigns import campaigns, segments
from mailing.staff import audit
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import World

NEW = "/studio/segments/new"


@pytest.fixture
def marketer(browse: Callable[[Role], Browser], world: World) -> Browser:
    return browse(Role.MARKETER)


def typed(browser: Browser, **fields: object) -> str:
    """What the page says to a posted form."""
    named = {name.replace("__", "-"): value for name, value in fields.items()}
    return browser.post(f"{NEW}?lang=en", named).text


def test_a_sentence_is_added_filled_in_counted_saved_and_chosen(
    web: Flask, marketer: Browser, world: World
) -> None:
    added = typed(marketer, name="Mail", **{"kind-new": "provider.one_of", "add": "1"})
    assert 'name="kind-0" value="provider.one_of"' in added
    assert 'value="Mail"' in added
    row = {"name": "Mail", "kind-0": "provider.one_of", "value-0": "example.com, other.example"}
    counted = typed(marketer, topic="offers", count="1", **row)
    assert '<b class="figure">9</b> would receive it: of the 12 people' in counted
    assert len(set(re.findall(r"pe…\d@example\.com", counted))) == 9
    saved = marketer.post(NEW, {**row, "save": "1"})
    assert saved.status_code == 303
    with web.app_context():
        made = segments.offered()[0]
        assert made.definition["sentences"][0]["values"] == ["example.com", "other.example"]
    at = f"/studio/campaigns/{world.campaign_id}"
    assert marketer.post(f"{at}/segment", {"segment": made.id}).status_code == 303
    page = marketer.get(f"{at}/audience?lang=en").text
    assert "in the chosen segment “Mail”" in page
    assert "example.com, other.example" in page
    assert marketer.post(f"{at}/segment", {"segment": ""}).status_code == 303
    with web.app_context():
        assert campaigns.find(world.campaign_id).segment_id is None


def test_the_live_count_is_the_numbers_alone_and_shows_nobody(
    web: Flask, marketer: Browser
) -> None:
    row = {"kind-0": "language.one_of", "value-0": "kk"}
    piece = typed(marketer, live="1", topic="offers", **row)
    assert "<html" not in piece
    assert '<b class="figure">9</b>' in piece
    assert "…" not in piece
    assert "Say at least one whole sentence" in typed(marketer, live="1")
    with web.app_context():
        assert not [one for one in audit.latest() if one.action == "people seen"]


def test_a_sample_is_shown_to_roles_that_may_see_people_and_logged(
    web: Flask, marketer: Browser
) -> None:
    row = {"kind-0": "language.one_of", "value-0": "kk"}
    page = typed(marketer, count="1", topic="offers", **row)
    assert "Some of them" in page
    assert "person0@example.com" not in page, "masked"
    with web.app_context():
        seen = [one for one in audit.latest() if one.action == "people seen"]
        assert [(one.subject, one.details) for one in seen] == [
            ("topic offers", {"line": "sample", "rows": 9})
        ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind-0": "joined.since", "value-0": "yesterday"}, "Enter a day, like"),
        ({"kind-0": "provider.one_of", "value-0": "a b"}, "Enter domains like"),
        ({"kind-0": "language.one_of"}, "Name one, or up to"),
        ({"kind-0": "joined.within", "value-0": "x"}, "Enter a number of days"),
        ({}, "Say at least one sentence"),
        ({"kind-0": "made.up", "value-0": "x"}, "Say at least one sentence"),
    ],
)
def test_what_cannot_be_taken_comes_back_with_the_error_beside_it(
    web: Flask, marketer: Browser, fields: dict[str, object], said: str
) -> None:
    answer = marketer.post(f"{NEW}?lang=en", {"name": "Mine", "save": "1", **fields})
    assert answer.status_code == 422
    assert said in answer.text
    assert "There is a problem" in answer.text
    assert 'value="Mine"' in answer.text
    link = re.search(r'<a href="#([\w-]+)">', answer.text)
    assert link
    assert f'id="{link[1]}"' in answer.text, "the summary leads to the field"
    with web.app_context():
        assert segments.everyone() == []


def test_a_sentence_is_taken_away_and_the_others_keep_what_was_typed(marketer: Browser) -> None:
    rows = {
        "kind-0": "language.one_of",
        "value-0": "kk",
        "kind-1": "provider.one_of",
        "value-1": "b.example",
    }
    page = typed(marketer, drop="0", **rows)
    assert page.count("Take this sentence away") == 1
    assert 'value="b.example"' in page


def test_a_name_in_use_and_a_retired_segment(web: Flask, marketer: Browser) -> None:
    row = {"name": "Mine", "kind-0": "language.one_of", "value-0": "kk", "save": "1"}
    assert marketer.post(NEW, row).status_code == 303
    answer = marketer.post(f"{NEW}?lang=en", row)
    assert answer.status_code == 422
    assert "of this name exists" in answer.text
    assert marketer.post("/studio/segments/1/retire").status_code == 303
    assert "not offered any more" in marketer.get("/studio/segments?lang=en").text
    with web.app_context():
        assert segments.offered() == []
    assert marketer.post("/studio/segments/1", {**row, "name": "Renamed"}).status_code == 303
    assert "Renamed" in marketer.get("/studio/segments").text


def test_the_sheet_holds_each_person_once_for_a_reason_that_is_logged(
    web: Flask, browse: Callable[[Role], Browser], world: World
) -> None:
    officer, at = browse(Role.OFFICER), f"/studio/campaigns/{world.campaign_id}/export"
    assert officer.post(at, {"why": "curiosity"}).status_code == 422
    answer = officer.post(at, {"why": "inspection"})
    assert answer.headers["Content-Type"].startswith("text/csv")
    lines = answer.text.removeprefix("\ufeff").splitlines()
    assert lines[0] == "email,language,outcome,reason,at"
    assert len(lines) == 13
    assert len({line.partition(",")[0] for line in lines[1:]}) == 12
    assert sum(",will_receive," in line for line in lines) == 9
    with web.app_context():
        logged = [one for one in audit.latest() if one.action == "ledger exported"]
        assert [(one.actor, one.details["rows"], one.details["why"]) for one in logged] == [
            ("staff 3", 12, "inspection")
        ]
    assert browse(Role.MARKETER).get(at).status_code == 403
