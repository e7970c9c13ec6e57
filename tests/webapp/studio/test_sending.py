"""From the last look to the last outcome: every number shown adds up, every act has one effect."""

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.languages import speaking
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import State
from mailing.deliveries import status, usual
from mailing.people import ledger
from mailing.people.ledger import Kind, NewEntry
from mailing.staff import audit
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import World, let_go
from webapp.studio.masking import masked
from webapp.studio.shell import span


@pytest.fixture
def marketer(browse: Callable[[Role], Browser], world: World) -> Browser:
    return browse(Role.MARKETER)


@pytest.fixture
def at(world: World) -> str:
    return f"/studio/campaigns/{world.campaign_id}"


def _state(web: Flask, world: World) -> str:
    with web.app_context():
        return campaigns.find(world.campaign_id).state


def _numbers(page: str) -> list[int]:
    found = re.findall(r'<td class="number">([\d,]+)</td>', page)
    return [int(number.replace(",", "")) for number in found]


def test_the_audience_ledger_adds_up_exactly_and_links_to_the_people(
    marketer: Browser, at: str
) -> None:
    page = marketer.get(f"{at}/audience?lang=en").text
    considered, *held, receive = _numbers(page)
    assert (considered, sorted(held), receive) == (12, [1, 2], 9)
    assert considered - sum(held) == receive
    assert f"{at}/audience/unsubscribed?lang=en" in page
    assert f"{at}/audience/not_confirmed?lang=en" in page


def test_the_people_of_a_line_are_masked_and_the_look_is_logged(
    web: Flask, marketer: Browser, at: str
) -> None:
    page = marketer.get(f"{at}/audience/unsubscribed").text
    assert page.count("pe…0@example.com") == 1
    assert page.count("pe…1@example.com") == 1
    assert "person1" not in page
    with web.app_context():
        seen = audit.latest(1)[0]
        assert (seen.action, seen.details) == ("people seen", {"line": "unsubscribed", "rows": 2})


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("person10@example.com", "pe…0@example.com"),
        ("aigul@example.com", "ai…l@example.com"),
        ("anna@example.com", "a…@example.com"),
        ("a@example.com", "a…@example.com"),
    ],
)
def test_a_masked_address_tells_people_apart_and_short_names_stay_hidden(
    address: str, shown: str
) -> None:
    assert masked(address) == shown


def test_once_started_the_audience_is_told_as_it_was(
    web: Flask, marketer: Browser, world: World, at: str
) -> None:
    let_go(web, world, ["accepted"])
    page = marketer.get(f"{at}/audience?lang=en").text
    assert "12 people were considered; 9 were to receive it." in page


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(120, "2 minutes"), (60, "1 minute"), (90, "90 seconds"), (1, "1 second")],
)
def test_a_waiting_time_is_said_in_minutes_where_they_are_whole(
    web: Flask, seconds: int, words: str
) -> None:
    with web.test_request_context("/studio/"), speaking("en"):
        assert span(seconds) == words


def test_a_line_that_cannot_be_is_missing(marketer: Browser, at: str) -> None:
    assert marketer.get(f"{at}/audience/whatever").status_code == 404


def test_the_last_look_holds_the_number_in_its_button(marketer: Browser, at: str) -> None:
    page = marketer.get(f"{at}/ready?lang=en").text
    assert "Send to 9 people" in page
    assert '<input type="hidden" name="expect" value="9">' in page
    assert "You will have 2 minutes to stop it." in page
    assert '<span class="out-of-sight">Ready to send? </span>' in page


def test_sending_waits_in_the_holding_window_and_holding_brings_it_back(
    web: Flask, marketer: Browser, world: World, at: str
) -> None:
    assert marketer.post(f"{at}/start", {"expect": 9}).status_code == 303
    assert _state(web, world) == State.SCHEDULED
    page = marketer.get(f"{at}/live?lang=en").text
    assert re.search(r"It leaves in \d+ seconds?\. Nothing has been sent\.", page)
    assert all(act in page for act in (f"{at}/hold", f"{at}/send-now", f"{at}/stop"))
    marketer.post(f"{at}/hold?lang=en")
    assert _state(web, world) == State.DRAFT
    assert "Held. Nothing was sent" in marketer.get(f"{at}/ready?lang=en").text


def test_a_changed_audience_stops_the_button_and_nothing_is_sent(
    web: Flask, marketer: Browser, world: World, at: str
) -> None:
    with web.app_context():
        person = db.session.scalar(
            text("SELECT subscriber_id FROM standings WHERE standing = 'given' LIMIT 1")
        )
        leaving = NewEntry(person, Kind.UNSUBSCRIBED, world.topic_id, None, "page", "person")
        ledger.append(leaving)
        db.session.commit()
    answer = marketer.post(f"{at}/start?lang=en", {"expect": 9})
    assert answer.status_code == 409
    assert "You expected 9 people, but 8" in answer.text
    assert _state(web, world) == State.DRAFT


def test_words_changed_after_the_last_look_stop_the_button(
    web: Flask, marketer: Browser, world: World, at: str
) -> None:
    page = marketer.get(f"{at}/ready").text
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', page)
    assert seen
    marketer.post(f"{at}/write", {"kk-subject": "Басқа", "kk-body": "Басқа мәтін."})
    answer = marketer.post(f"{at}/start?lang=en", {"expect": 9, "seen": seen[1]})
    assert answer.status_code == 409
    assert "Somebody changed the message" in answer.text
    assert _state(web, world) == State.DRAFT


def test_a_button_pressed_twice_starts_once(
    web: Flask, marketer: Browser, world: World, at: str
) -> None:
    assert marketer.post(f"{at}/start", {"expect": 9}).status_code == 303
    assert marketer.post(f"{at}/start", {"expect": 9}).status_code == 409
    with web.app_context():
        started = [entry for entry in audit.latest() if entry.action == "campaign started"]
        assert len(started) == 1


@pytest.mark.parametrize("expect", [None, "", "nine", "9.0"])
def test_nothing_starts_without_the_number(
    web: Flask, marketer: Browser, world: World, at: str, expect: str | None
) -> None:
    form: dict[str, object] = {} if expect is None else {"expect": expect}
    assert marketer.post(f"{at}/start", form).status_code == 422
    assert _state(web, world) == State.DRAFT


def test_what_stops_a_campaign_is_said_and_the_button_is_dead(
    web: Flask, marketer: Browser, world: World, at: str
) -> None:
    with web.app_context():
        db.session.execute(text("UPDATE installation SET sending_on = false"))
        db.session.execute(
            text("UPDATE installation SET sending_off_reason = 'a tampered journal'")
        )
        db.session.commit()
    page = marketer.get(f"{at}/ready?lang=en").text
    assert "Sending is switched off." in page
    assert "a tampered journal" in page
    assert re.search(r'<button class="act" disabled>', page)
    assert marketer.post(f"{at}/start", {"expect": 9}).status_code == 409


def test_a_pause_and_a_stop_say_exactly_what_was_out(
    web: Flask, marketer: Browser, world: World, at: str
) -> None:
    let_go(web, world, ["accepted", "accepted", "refused"])
    marketer.post(f"{at}/pause?lang=en")
    assert "Paused. 3 were out, 6 wait." in marketer.get(f"{at}/live?lang=en").text
    marketer.post(f"{at}/resume")
    assert _state(web, world) == State.SENDING
    marketer.post(f"{at}/stop?lang=en")
    assert "Too late to stop all: 3 sent, 6 stopped." in marketer.get(f"{at}/live?lang=en").text
    assert _state(web, world) == State.STOPPED


def test_stopping_in_the_holding_window_says_that_nothing_was_sent(
    web: Flask, marketer: Browser, world: World, at: str
) -> None:
    marketer.post(f"{at}/start", {"expect": 9})
    marketer.post(f"{at}/stop?lang=en")
    assert "Stopped. Nothing was sent." in marketer.get(f"{at}/live?lang=en").text
    assert _state(web, world) == State.STOPPED


def test_the_officer_stops_what_is_going_out_and_cannot_start_it(
    web: Flask, browse: Callable[[Role], Browser], world: World, at: str
) -> None:
    officer = browse(Role.OFFICER)
    assert officer.post(f"{at}/start", {"expect": 9}).status_code == 403
    let_go(web, world, ["accepted"])
    assert officer.post(f"{at}/stop").status_code == 303
    assert _state(web, world) == State.STOPPED


@pytest.mark.parametrize(
    "outcomes",
    [[], ["accepted"], ["accepted", "refused", "uncertain", "held", "deferred", "open", "sealed"]],
)
def test_the_live_table_adds_up_to_the_audience_at_any_moment(
    web: Flask, marketer: Browser, world: World, at: str, outcomes: list[str]
) -> None:
    let_go(web, world, outcomes)
    page = marketer.get(f"{at}/live?lang=en").text
    (table,) = re.findall(r'<table class="ledger.*?</table>', page, flags=re.S)
    *lines, total = _numbers(re.sub(r'<tr class="breakdown">.*?</tr>', "", table, flags=re.S))
    assert len(lines) == 7
    assert sum(lines) == total == 9
    assert "do not add up" not in page


def test_uncertain_messages_are_listed_and_sent_again_only_by_a_person(
    web: Flask, marketer: Browser, world: World, at: str
) -> None:
    let_go(web, world, ["uncertain", "uncertain", "accepted"])
    page = marketer.get(f"{at}/uncertain?lang=en").text
    assert len(set(re.findall(r"pe…\d@example\.com", page))) == 2
    assert "Send 2 messages again" in page
    marketer.post(f"{at}/uncertain?lang=en")
    assert "2 messages are sent again." in marketer.get(f"{at}/live?lang=en").text
    assert "Nothing is uncertain" in marketer.get(f"{at}/uncertain?lang=en").text


def test_the_page_reloads_by_itself_only_while_something_moves(
    web: Flask, marketer: Browser, world: World, at: str
) -> None:
    let_go(web, world, ["accepted"])
    refresh = '<noscript><meta http-equiv="refresh" content="5"></noscript>'
    assert refresh in marketer.get(f"{at}/live").text
    marketer.post(f"{at}/stop")
    assert refresh not in marketer.get(f"{at}/live").text


@pytest.mark.parametrize(("tab", "count"), [("sent", 1), ("sending", 2)])
def test_the_list_counts_again_only_what_still_moves(
    marketer: Browser, on_its_way: Callable[[str], list[int]], tab: str, count: int
) -> None:
    asked = on_its_way(tab)
    for _ in range(2):
        assert "9 of 9 accepted" in marketer.get(f"/studio/campaigns?tab={tab}&lang=en").text
    assert len(asked) == count


@pytest.fixture
def on_its_way(
    web: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], list[int]]:
    """Lets the campaign go until it stands under a tab; gives what its status is asked for."""

    def let(tab: str) -> list[int]:
        let_go(web, world, ["accepted"] * 9)
        if tab == "sent":
            with web.app_context():
                done = "UPDATE campaigns SET state = 'done', finished_at = now()"
                db.session.execute(text(done))
                db.session.commit()
        return _counting(monkeypatch)

    return let


def _counting(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    asked: list[int] = []
    real = status.status

    def counted(number: int) -> dict[str, Any]:
        asked.append(number)
        return real(number)

    monkeypatch.setattr(status, "status", counted)
    return asked


def test_a_time_in_the_operators_zone_is_kept_and_can_be_called_back(
    web: Flask, marketer: Browser, world: World, at: str
) -> None:
    day = (clock.now() + timedelta(days=30)).date()
    form = {"expect": 9, "day": day.isoformat(), "hour": "09:30"}
    assert marketer.post(f"{at}/start", form).status_code == 303
    with web.app_context():
        release_at = campaigns.find(world.campaign_id).release_at
    wanted = datetime.combine(day, time(9, 30), ZoneInfo("Asia/Almaty"))
    assert release_at == wanted
    assert "09:30 (Almaty time). Nothing has been sent." in marketer.get(f"{at}/live?lang=en").text
    assert marketer.post(f"{at}/hold").status_code == 303
    assert _state(web, world) == State.DRAFT


@pytest.mark.parametrize(
    ("day", "hour", "said"),
    [
        ("2020-01-01", "09:00", "This time is over"),
        ("2126-01-01", "09:00", "within a year"),
        ("2026-13-01", "09:00", "Enter a day and a time"),
        ("2026-12-01", "", "Enter a day and a time"),
        ("", "09:00", "Enter a day and a time"),
        ("2026-12-01", "25:00", "Enter a day and a time"),
    ],
)
def test_a_time_that_cannot_be_is_refused_and_what_was_typed_stays(
    web: Flask, marketer: Browser, world: World, at: str, day: str, hour: str, said: str
) -> None:
    answer = marketer.post(f"{at}/start?lang=en", {"expect": 9, "day": day, "hour": hour})
    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{day}"' in answer.text
    assert _state(web, world) == State.DRAFT


def test_very_many_are_sent_to_only_once_the_number_is_typed(
    web: Flask, marketer: Browser, world: World, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usual, "MANY", 9)
    assert "Type how many people get it" in marketer.get(f"{at}/ready?lang=en").text
    for number in ("", "8", "nine"):
        answer = marketer.post(f"{at}/start?lang=en", {"expect": 9, "number": number})
        assert answer.status_code == 422
        assert "Type the number of people" in answer.text
    assert _state(web, world) == State.DRAFT
    assert marketer.post(f"{at}/start", {"expect": 9, "number": " 9 "}).status_code == 303


def test_a_segment_changed_after_the_last_look_stops_the_button(
    web: Flask, marketer: Browser, world: World, at: str
) -> None:
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', marketer.get(f"{at}/ready").text)
    assert seen
    marketer.post(
        "/studio/segments/new",
        {"name": "Mine", "kind-0": "language.one_of", "value-0": "kk", "save": "1"},
    )
    marketer.post(f"{at}/segment", {"segment": "1"})
    assert marketer.post(f"{at}/start", {"expect": 9, "seen": seen[1]}).status_code == 409
    assert _state(web, world) == State.DRAFT


def test_each_line_of_the_outcomes_leads_to_its_people(
    web: Flask, marketer: Browser, world: World, at: str
) -> None:
    let_go(web, world, ["accepted", "accepted", "held", "deferred"])
    page = marketer.get(f"{at}/live?lang=en").text
    for line, number in (("accepted", 2), ("held?reason=unsubscribed", 1 + 2), ("pending", 6)):
        assert f"{at}/outcome/{line}" in page
        people = marketer.get(f"{at}/outcome/{line}").text
        assert people.count("@example.com</a></td>") == number
    assert marketer.get(f"{at}/outcome/made-up").status_code == 404
    assert marketer.get(f"{at}/outcome/held?reason=made-up").status_code == 404
