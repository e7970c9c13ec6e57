"""The report: sums exactly, names everybody it did not reach by reason, and writes to the rest."""

import csv
import re
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.campaigns import audience, campaigns
from mailing.deliveries import lines, rest, status
from mailing.people import ledger
from mailing.people.ledger import Kind, NewEntry
from mailing.staff import audit
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import World, let_go

ENDS = ["accepted"] * 4 + ["refused", "refused", "uncertain", "held", "held"]


@pytest.fixture
def marketer(browse: Callable[[Role], Browser], world: World) -> Browser:
    return browse(Role.MARKETER)


@pytest.fixture
def at(world: World) -> str:
    return f"/studio/campaigns/{world.campaign_id}"


@pytest.fixture
def over(web: Flask, world: World) -> Callable[..., None]:
    """Lets the campaign go and end with these outcomes."""

    def end(outcomes: list[str], state: str = "done") -> None:
        let_go(web, world, outcomes)
        run(
            web,
            "UPDATE campaigns SET started_at = now() - interval '30 hours', finished_at = now(), "
            "state = :state",
            state=state,
        )
        run(web, "UPDATE deliveries SET finished_at = now() - interval '30 hours'")

    return end


def run(web: Flask, query: str, **values: Any) -> None:
    with web.app_context():
        db.session.execute(text(query), values)
        db.session.commit()


def _row(page: str, head: str) -> list[str]:
    found = re.search(rf'<th scope="row">[^<]*{head}.*?</tr>', page, re.DOTALL)
    assert found, head
    return re.findall(r'<td class="number">([^<]+)</td>', found[0])


def test_what_is_complete_is_said_only_where_it_sums(
    web: Flask, marketer: Browser, at: str, over: Callable[..., None]
) -> None:
    """T53: a tick comes from outcomes, each of which a relay or a "no" has given."""
    over(ENDS)
    page = marketer.get(f"{at}/report?lang=en").text
    assert "Complete: 9 = 4 accepted + 2 refused + 2 held back + 1 uncertain" in page
    assert 'class="sign sign-fine"' in page
    run(web, "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries LIMIT 3)")
    page = marketer.get(f"{at}/report?lang=en").text
    assert "3 people are unaccounted for." in page
    assert "Complete:" not in page
    assert 'class="sign sign-fine"' not in page
    assert f"{at}/outcome/pending" in page


def test_who_did_not_get_it_adds_up_to_all_but_those_who_did(
    marketer: Browser, at: str, over: Callable[..., None]
) -> None:
    over(ENDS)
    page = marketer.get(f"{at}/report?lang=en").text
    missed = page.split('id="missed"')[1].split("</section>")[0]
    assert _row(missed, "unsubscribed") == ["2", "2", "4"]
    assert _row(missed, "together") == ["3", "5", "8"]
    assert "Of 12 people considered, all but the 4 who got it." in page


def test_the_sheet_of_who_did_not_get_it_holds_each_of_them_once_and_is_logged(
    web: Flask, browse: Callable[[Role], Browser], world: World, at: str, over: Callable[..., None]
) -> None:
    officer = browse(Role.OFFICER)
    over(ENDS)
    page = officer.get(f"{at}/export?who=missed").text
    assert re.search(r'id="who-missed"[^>]* checked', page)
    answer = officer.post(f"{at}/export", {"why": "check", "who": "missed"})
    rows = list(csv.DictReader(StringIO(answer.text.removeprefix("\ufeff"))))
    with web.app_context():
        found = campaigns.find(world.campaign_id)
        wanted = {one.address for one in lines.of(found) if one.outcome != "accepted"}
        logged = audit.latest(1)[0]
    assert len(rows) == 8
    assert {one["email"] for one in rows} == wanted
    assert all(one["reason"] or one["outcome"] in ("refused", "uncertain") for one in rows)
    assert (logged.action, logged.details["rows"], logged.details["who"]) == (
        "ledger exported",
        8,
        "missed",
    )


def test_the_rest_is_a_new_draft_to_whom_it_did_not_reach_and_to_nobody_with_a_no(
    web: Flask, marketer: Browser, world: World, at: str, over: Callable[..., None]
) -> None:
    over([*["accepted"] * 3, "refused", "refused", "uncertain", "held", "held"], "stopped")
    run(
        web,
        "UPDATE deliveries SET reason = 'campaign_stopped' WHERE id IN "
        "(SELECT id FROM deliveries WHERE state = 'held' LIMIT 1)",
    )
    page = marketer.get(f"{at}/report?lang=en").text
    assert "Write to the other 4 people: a new draft" in page
    answer = marketer.post(f"{at}/rest?lang=en")
    assert answer.headers["Location"].startswith("/studio/campaigns/2/audience")
    with web.app_context():
        copy = campaigns.find(2)
        state, counted = copy.state, audience.count(copy)
        reached = {one.address for one in lines.of(campaigns.find(1)) if one.outcome in _NEVER}
        told = {address for address, _ in audience.people(copy, None)}
        outcomes = status.status(1)["outcomes"]
    # Two refused, one held by the stop, and one whose turn had not come when it was stopped.
    assert (state, counted.considered, counted.will_receive) == ("draft", 4, 4)
    assert rest.number(outcomes["refused"], outcomes["held"]) == 4
    assert not reached & told
    assert "Nothing is sent until somebody sends it." in marketer.get("/studio/campaigns").text


_NEVER = ("accepted", "uncertain")


def test_whoever_left_since_is_asked_about_anew_and_kept_out_of_the_rest(
    web: Flask, marketer: Browser, world: World, at: str, over: Callable[..., None]
) -> None:
    over(["accepted"] * 7 + ["refused"] * 2)
    marketer.post(f"{at}/rest")
    with web.app_context():
        person = db.session.scalar(
            text("SELECT subscriber_id FROM deliveries WHERE state = 'refused' LIMIT 1")
        )
        left = NewEntry(person, Kind.UNSUBSCRIBED, world.topic_id, None, "page", "person")
        ledger.append(left)
        db.session.commit()
        counted = audience.count(campaigns.find(2))
    assert (counted.will_receive, counted.held) == (1, {"unsubscribed": 1})


def test_writing_to_the_rest_twice_uses_one_segment_and_a_name_that_is_taken_another(
    web: Flask, marketer: Browser, at: str, over: Callable[..., None]
) -> None:
    over(ENDS)
    for _ in range(2):
        marketer.post(f"{at}/rest?lang=en")
    run(web, "UPDATE segments SET definition = '{}'")
    marketer.post(f"{at}/rest?lang=en")
    with web.app_context():
        chosen = [campaigns.find(number).segment for number in (2, 3, 4)]
        names = [one.name for one in chosen if one]
    assert names == ["Not reached by campaign 1"] * 2 + ["Not reached by campaign 1 (2)"]


def test_what_is_not_over_has_no_report_and_no_rest(
    web: Flask, marketer: Browser, world: World, at: str
) -> None:
    assert marketer.get(f"{at}/report").headers["Location"].startswith(at)
    let_go(web, world, ["accepted", "refused"])
    assert marketer.get(f"{at}/report").status_code == 303
    answer = marketer.post(f"{at}/rest?lang=en")
    assert answer.status_code == 409
    assert "It is not over yet" in answer.text
    with web.app_context():
        assert campaigns.count_by_state() == {"sending": 1}


def test_who_left_and_complained_is_counted_hour_by_hour_and_as_a_sheet(
    web: Flask, marketer: Browser, world: World, at: str, over: Callable[..., None]
) -> None:
    over(ENDS)
    with web.app_context():
        got = db.session.scalars(
            text("SELECT subscriber_id FROM deliveries WHERE state = 'accepted' ORDER BY id")
        ).all()
        missed = db.session.scalar(
            text("SELECT subscriber_id FROM deliveries WHERE state = 'refused' LIMIT 1")
        )
        for person in (got[0], missed):
            left = NewEntry(person, Kind.UNSUBSCRIBED, world.topic_id, None, "page", "person")
            ledger.append(left)
        _complaint(got[1])
        db.session.commit()
    page = marketer.get(f"{at}/report?lang=en").text
    assert "1 person unsubscribed: 25\xa0%" in page
    assert "1 person complained: 25\xa0%" in page
    assert "31 hours of 72 so far" in page
    assert "It has been passed." in page
    sheet = marketer.get(f"{at}/report/hours.csv").text.removeprefix("\ufeff")
    rows = list(csv.reader(StringIO(sheet)))
    assert (rows[0], rows[1]) == (["hour", "unsubscribed", "complained"], ["1", "0", "0"])
    assert (rows[-1], len(rows)) == (["31", "1", "1"], 32)


def _complaint(person: object) -> None:
    query = """
        INSERT INTO returns (delivery_id, subscriber_id, campaign_id, kind, status, inbound_id, at)
        SELECT id, subscriber_id, campaign_id, 'complaint', '', 7, now() FROM deliveries
        WHERE subscriber_id = :person
    """
    db.session.execute(text(query), {"person": person})


def test_it_stands_beside_the_last_ones_to_its_topic(
    web: Flask, marketer: Browser, world: World, at: str, over: Callable[..., None]
) -> None:
    over(ENDS)
    assert "Beside the last ones" not in marketer.get(f"{at}/report?lang=en").text
    run(
        web,
        "INSERT INTO campaigns (kind, topic_id, state, language, created_by, created_at, "
        "started_at, finished_at, audience, considered) SELECT 'campaign', topic_id, 'done', 'kk', "
        "'test', now(), now() - n * interval '1 week', now(), 10, 10 "
        "FROM campaigns, generate_series(1, 7) n WHERE id = 1",
    )
    run(
        web,
        "INSERT INTO campaign_bodies (campaign_id, language, subject, format, body) "
        "SELECT id, 'kk', 'Ескі хат', 'markdown', 'Сәлем.' FROM campaigns WHERE id > 1",
    )
    run(
        web,
        "INSERT INTO campaign_tallies SELECT id, jsonb_build_object('accepted', id, 'refused', 1), "
        "true, now() FROM campaigns WHERE id > 1",
    )
    page = marketer.get(f"{at}/report?lang=en").text
    # Of ten each: 2, 3, 4, 5 and 6 got the last five; 4 is the middle one.
    assert "That is 44.4\xa0%; usually it is 40\xa0%." in page
    assert page.count("Ескі хат") == 5


def test_providers_are_named_to_those_alone_who_decide_about_bounces(
    web: Flask, browse: Callable[[Role], Browser], world: World, at: str, over: Callable[..., None]
) -> None:
    over(ENDS)
    said = "550 5.1.1 <person@example.com>: no such user"
    run(
        web,
        "UPDATE deliveries SET reply_code = 550, reply_text = :said WHERE state = 'refused'",
        said=said,
    )
    for role, is_named in ((Role.VIEWER, False), (Role.MARKETER, True)):
        page = browse(role).get(f"{at}/report?lang=en").text.split('id="failures"')[1]
        assert ('<th scope="row">example.com</th>' in page) == is_named
        assert "<code>550 5.1.1</code> × 2" in page
        assert "no such user" not in page
        assert _row(page, "together") == ["2"]
