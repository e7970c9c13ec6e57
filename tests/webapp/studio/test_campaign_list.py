"""The list of campaigns as staff see it: counts that sum, filters in the address, why it is so."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.deliveries import status, tallies
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import World, let_go


@pytest.fixture
def marketer(browse: Callable[[Role], Browser], world: World) -> Browser:
    return browse(Role.MARKETER)


_BRAKE = '{"what": "complaints", "number": 3, "out": 900, "limit": 0.3}'


def _counts(page: str) -> list[int]:
    return [int(one) for one in re.findall(r'<span class="count">(\d+)</span>', page)]


def _run(web: Flask, *queries: str) -> None:
    with web.app_context():
        for query in queries:
            db.session.execute(text(query))
        db.session.commit()


def test_the_counts_of_the_tabs_sum_with_a_filter_and_without(
    web: Flask, marketer: Browser, world: World
) -> None:
    for _ in range(3):
        marketer.post(f"/studio/campaigns/{world.campaign_id}/duplicate")
    _run(
        web,
        "UPDATE campaigns SET state = 'stopped' WHERE id = 2",
        "UPDATE campaigns SET state = 'scheduled', release_at = now() WHERE id = 3",
        "UPDATE campaign_bodies SET subject = 'Басқа' WHERE campaign_id IN (3, 4)",
    )
    page = marketer.get("/studio/campaigns?lang=en").text
    assert _counts(page) == [2, 1, 0, 1]
    assert "4 campaigns under the four tabs together." in page
    found = marketer.get("/studio/campaigns?lang=en&words=баска&tab=drafts").text
    assert _counts(found) == [1, 1, 0, 0]
    assert "2 campaigns are found under the four tabs together." in found
    assert "tab=scheduled&amp;words=" in found, "the filter goes along to the other tabs"
    assert 'value="баска"' in found


def test_who_paused_it_and_when_stands_in_the_row(
    web: Flask, marketer: Browser, world: World
) -> None:
    let_go(web, world, ["accepted"])
    marketer.post(f"/studio/campaigns/{world.campaign_id}/pause")
    row = marketer.get("/studio/campaigns?tab=sending&lang=en").text
    assert re.search(r'why-paused">By marketer@example\.com, (\d+ seconds? ago|in 0 seconds)', row)
    _run(web, f"UPDATE campaigns SET brake = '{_BRAKE}'")  # noqa: S608 - our own text
    row = marketer.get("/studio/campaigns?tab=sending&lang=en").text
    assert "It paused itself. 3 of 900 people complained; the limit is 0.3 per cent." in row
    assert "By marketer@example.com" not in row


def test_a_row_says_how_long_ago_with_the_moment_itself_beside_it(
    web: Flask, marketer: Browser
) -> None:
    _run(web, "UPDATE campaigns SET created_at = now() - interval '3 days'")
    page = marketer.get("/studio/campaigns?lang=en").text
    assert re.search(
        r'<span class="ago" tabindex="0"><time datetime="[^"]+">3 days ago</time>', page
    )
    assert re.search(r'<span class="exact">\d+ \w+ \d{4}, \d\d:\d\d \(Almaty time\)</span>', page)


def test_what_has_a_final_tally_is_not_counted_again(
    web: Flask, marketer: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go(web, world, ["accepted"] * 7 + ["refused"] * 2)
    _run(
        web,
        "UPDATE campaigns SET state = 'done', finished_at = now()",
        "UPDATE batches SET finished_at = now()",
    )
    with web.app_context():
        assert tallies.keep() == [world.campaign_id]
        db.session.commit()
    monkeypatch.setattr(status, "status", lambda number: pytest.fail(f"counted {number}"))
    assert "7 of 9 accepted" in marketer.get("/studio/campaigns?tab=sent&lang=en").text


def test_an_empty_page_of_a_filter_leads_back(marketer: Browser) -> None:
    page = marketer.get("/studio/campaigns?words=nothing+like+it&lang=en").text
    assert "No campaign under this tab has these words" in page
    assert "Take the filter away" in page
    gone = marketer.get("/studio/campaigns?before=1_1&tab=drafts&lang=en").text
    assert "Nothing is left on this page." in gone
