"""Today: one sentence of how things stand, and what waits for whoever looks."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.campaigns import approvals
from mailing.deliveries import health
from mailing.people import growth, ledger
from mailing.people.ledger import Kind, NewEntry
from mailing.requests import incidents
from mailing.requests.incidents import Nature, NewIncident
from mailing.staff.staff import Role
from tests.requests.desk import asked
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import MARKETER, World, let_go

TODAY = "/studio/?lang=en"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"approval": True})


def run(web: Flask, query: str, **values: Any) -> None:
    with web.app_context():
        db.session.execute(text(query), values)
        db.session.commit()


def _words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_sentence_says_how_things_stand(
    web: Flask, browse: Callable[[Role], Browser], world: World
) -> None:
    marketer = browse(Role.MARKETER)
    assert "Nothing is going out; 1 draft." in _words(marketer.get(TODAY).text)
    for _ in range(3):
        marketer.post(f"/studio/campaigns/{world.campaign_id}/duplicate")
    let_go(web, world, ["accepted"] * 3)
    run(web, "UPDATE campaigns SET state = 'paused', audience = 9 WHERE id = 2")
    run(
        web,
        "UPDATE campaigns SET state = 'scheduled', release_at = now() + interval '121 minutes' "
        "WHERE id = 3",
    )
    page = marketer.get(TODAY).text
    assert "1 campaign is going out; 1 is paused; 1 is scheduled; 1 draft." in _words(page)
    assert "3 of 9 accepted" in page
    assert ">in 2 hours</time>" in page
    assert 'data-moving data-state="' in page


def test_an_approval_waits_for_whoever_had_no_hand_in_it(
    web: Flask, browse: Callable[[Role], Browser], world: World
) -> None:
    with web.app_context():
        approvals.ask(world.campaign_id, MARKETER)
        db.session.commit()
    page = browse(Role.OFFICER).get(TODAY).text
    assert "1 approval waits for you" in _words(page)
    assert f'href="/studio/campaigns/{world.campaign_id}/ready' in page
    for role in (Role.MARKETER, Role.VIEWER):
        assert "wait for you" not in browse(role).get(TODAY).text.replace("waits", "wait")


def test_the_officer_sees_what_is_due_and_nobody_else_does(
    web: Flask, browse: Callable[[Role], Browser], world: World
) -> None:
    with web.app_context():
        asked()
        asked(sender="alma@example.org")
        db.session.commit()
    run(
        web,
        "UPDATE requests SET received_at = now() - interval '9 days', "
        "due_at = now() - interval '1 hour' WHERE id = (SELECT min(id) FROM requests)",
    )
    assert "1 is overdue." in _words(browse(Role.OFFICER).get(TODAY).text)
    assert "overdue" not in browse(Role.MARKETER).get(TODAY).text


def test_a_breach_that_the_authority_was_not_told_of_stands_before_the_officer(
    web: Flask, browse: Callable[[Role], Browser], world: World
) -> None:
    said = "Incidents that the authority has not been told of: 1"
    assert said not in _words(browse(Role.OFFICER).get(TODAY).text)
    with web.app_context():
        breach = NewIncident("A list was lost.", Nature.LOST, "A stick with a sheet.")
        incidents.record(breach, MARKETER)
        db.session.commit()
    assert said in _words(browse(Role.OFFICER).get(TODAY).text)
    assert said not in _words(browse(Role.MARKETER).get(TODAY).text)


def test_what_is_to_do_first_is_read_from_what_is_there(
    web: Flask, browse: Callable[[Role], Browser]
) -> None:
    admin = browse(Role.ADMIN)
    page = admin.get(TODAY).text
    assert "From empty to the first test mail: 1 of 6 done" in page
    for address in ("policies", "topics", "forms", "campaigns/new"):
        assert f'<a href="/studio/{address}?lang=en">' in page.split('class="begin"')[1]
    viewer = browse(Role.VIEWER).get(TODAY).text.split('class="begin"')[1].split("</ol>")[0]
    assert "<a " not in viewer, "whoever may not do it is shown no way to it"


def test_the_first_steps_are_over_once_something_was_sent(
    web: Flask, browse: Callable[[Role], Browser], world: World
) -> None:
    marketer = browse(Role.MARKETER)
    page = marketer.get(TODAY).text
    assert "From empty to the first test mail: 5 of 6 done" in page
    assert f'href="/studio/campaigns/{world.campaign_id}/preview?lang=en"' in page
    let_go(web, world, ["accepted"])
    assert "From empty" not in marketer.get(TODAY).text


def test_the_last_campaign_stands_beside_what_is_usual(
    web: Flask, browse: Callable[[Role], Browser], world: World
) -> None:
    let_go(web, world, ["accepted"] * 6 + ["refused"] * 3)
    run(
        web,
        "UPDATE campaigns SET state = 'done', started_at = now() - interval '1 hour', "
        "finished_at = now()",
    )
    page = _words(browse(Role.VIEWER).get(TODAY).text)
    assert "66.7\xa0% got it." in page.replace(" %", "\xa0%")
    assert "It is the first to its topic" in page


def test_growth_counts_people_by_day_and_sums(web: Flask, world: World) -> None:
    with web.app_context():
        made = growth.lately()
        # Eleven said yes through the form, and two of them have left.
        assert (made.joined, made.left, made.net) == (11, 2, 9)
        assert made.running[-1] == 9
        assert made.days[-1].joined == 11
        person = db.session.scalar(
            text("SELECT subscriber_id FROM standings WHERE standing = 'given' LIMIT 1")
        )
        again = NewEntry(person, Kind.GIVEN, world.topic_id, world.policy_id, "page", "person")
        ledger.append(again)
        back = NewEntry(person, Kind.RESTORED, world.topic_id, world.policy_id, "undo", "person")
        ledger.append(back)
        assert growth.lately().joined == 11, "agreeing anew is no new person; one a day is enough"
        db.session.rollback()


@pytest.mark.parametrize(("complaints", "level"), [(0, "fine"), (1, "warn"), (3, "stop")])
def test_complaints_are_judged_as_providers_judge_them(complaints: int, level: str) -> None:
    assert health.Share(complaints, 1000, limit=0.1, trouble=0.3).level == level


def test_what_came_back_is_of_the_campaigns_of_thirty_days(web: Flask, world: World) -> None:
    let_go(web, world, ["accepted"] * 8)
    run(
        web,
        "INSERT INTO returns (delivery_id, subscriber_id, campaign_id, kind, status, inbound_id, "
        "at) SELECT id, subscriber_id, campaign_id, came, '', length(came), now() FROM "
        "(SELECT * FROM deliveries LIMIT 2) d, unnest(ARRAY['hard', 'complaint']) came",
    )
    with web.app_context():
        found = health.lately()
        assert (found.bounces.number, found.bounces.whole, found.complaints.number) == (2, 8, 2)
    old = clock.now() - timedelta(days=31)
    run(web, "UPDATE campaigns SET started_at = :old", old=old)
    with web.app_context():
        assert health.lately().bounces.whole == 0


def test_a_relay_in_trouble_and_a_switch_that_is_off_are_seen(
    web: Flask, browse: Callable[[Role], Browser], world: World
) -> None:
    viewer = browse(Role.VIEWER)
    assert "Sending is switched on." in viewer.get(TODAY).text
    assert "The mail relay has no trouble noted." in viewer.get(TODAY).text
    run(
        web,
        "INSERT INTO relays (name, trouble, since, retry_at) "
        "VALUES ('mail.example:25', 'connection refused', now(), now())",
    )
    run(web, "UPDATE installation SET sending_on = false, sending_off_reason = 'a drill'")
    page = viewer.get(TODAY).text
    assert "mail.example:25: connection refused" in page
    assert "Sending is switched off." in page
    assert page.count("sign sign-stop") == 2
