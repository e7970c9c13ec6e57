"""The desk in the studio: the queue, one request, its original, its answers."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import func, select

from mailing.base import clock
from mailing.base.database import db
from mailing.deliveries import answers
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people import subscribers
from mailing.people.canonical import canonical
from mailing.people.ledger import Kind as Said
from mailing.requests import acting, incoming, timeline
from mailing.requests.acting import Closing
from mailing.requests.kinds import Kind, Resolution, State
from mailing.requests.requests import NewRequest, Request, find, open_request
from mailing.staff.audit import Actor, AuditEntry
from mailing.staff.staff import Role
from tests.requests.desk import SENDER, asked, came_in, letter
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.world import World

OFFICER = Actor("staff 3", Role.OFFICER)
Browse = Callable[[Role], Browser]


@pytest.fixture
def officer(web: Flask, world: World, browse: Browse) -> Browser:
    return browse(Role.OFFICER)


def a_request(web: Flask) -> int:
    with web.app_context():
        return asked().id


def with_message(web: Flask, message: EmailMessage | bytes, kind: Kind = Kind.UNCLEAR) -> int:
    with web.app_context():
        found = open_request(NewRequest(kind, inbound_id=came_in(message))).id
        db.session.commit()
        return found


def state(web: Flask, request_id: int) -> Request:
    with web.app_context():
        return find(request_id)


@pytest.mark.parametrize("role", [Role.MARKETER, Role.VIEWER])
def test_who_only_writes_or_looks_sees_no_requests_and_no_way_to_them(
    web: Flask, world: World, browse: Browse, role: Role
) -> None:
    browser = browse(role)
    assert "/studio/requests" not in browser.get("/studio/campaigns").text
    assert browser.get("/studio/requests").status_code == 403


def test_groups_add_up_and_each_request_is_in_one(web: Flask, officer: Browser) -> None:
    came = datetime(2026, 11, 24, 4, tzinfo=UTC)  # A Tuesday.
    with web.app_context():
        for kind, moment in (
            (Kind.WITHDRAWAL, came),  # due on Wednesday: overdue
            (Kind.QUESTION, came),  # due on Friday
            (Kind.WITHDRAWAL, came.replace(day=26, hour=1)),  # due on Friday
            (Kind.QUESTION, came.replace(day=26)),  # due on Tuesday
        ):
            open_request(NewRequest(kind, received_at=moment))
        done = open_request(NewRequest(Kind.QUESTION))
        acting.close(done.id, Closing(Resolution.DONE, "By telephone"), OFFICER)
        waits = open_request(NewRequest(Kind.QUESTION, received_at=came.replace(day=26)))
        waits.state = State.WAITING.value
        db.session.commit()
    with clock.use(lambda: datetime(2026, 11, 26, 3, tzinfo=UTC)):
        text = officer.get("/studio/requests?lang=en").text
    counts = dict(
        re.findall(r"(All|Overdue|Today|This week|Later|Waiting[a-z ]*|Done) (\d+)</a>", text)
    )
    assert counts == {
        "All": "6",
        "Overdue": "1",
        "Today": "0",
        "This week": "2",
        "Later": "1",
        "Waiting for the person": "1",
        "Done": "1",
    }
    assert len(re.findall(r'<th scope="row">', text)) == 6


def test_the_queue_masks_who_wrote(web: Flask, officer: Browser) -> None:
    a_request(web)
    text = officer.get("/studio/requests").text
    assert SENDER not in text
    assert "st…r@example.org" in text


def test_reading_the_original_is_posted_and_logged(web: Flask, officer: Browser) -> None:
    request_id = with_message(web, letter("Мен туралы не сақтайсыздар?"))
    assert "сақтайсыздар" not in officer.get(f"/studio/requests/{request_id}").text
    answer = officer.post(f"/studio/requests/{request_id}/original")
    assert "Мен туралы не сақтайсыздар?" in answer.text
    with web.app_context():
        assert [line.what for line in timeline.of(request_id)] == ["opened", "read"]
        read = db.session.scalars(
            select(AuditEntry).where(AuditEntry.action == "message read")
        ).one()
        assert read.subject.startswith("request ")


def hostile() -> EmailMessage:
    message = letter("Plain words")
    message.add_alternative(
        "<script>alert(1)</script><p onclick='x()'>Қайырлы күн</p>"
        "<img src='https://tracker.example/a.gif'><link rel='stylesheet' href='https://t.example'>"
        "<a href='https://phish.example'>here</a><form action='https://f.example'></form>"
        "<meta http-equiv='refresh' content='0;url=https://r.example'>"
        "<style>@import url(x)</style>",
        subtype="html",
    )
    return message


def test_the_html_of_a_message_has_its_own_frame_and_nothing_that_loads_or_leads_away(
    web: Flask, officer: Browser
) -> None:
    request_id = with_message(web, hostile())
    page = officer.post(f"/studio/requests/{request_id}/original").text
    assert re.search(r'<iframe [^>]*sandbox=""', page)
    answer = officer.get(f"/studio/requests/{request_id}/original/frame")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "Қайырлы күн" in answer.text
    assert "img-src" not in policy
    for bad in ("<script", "onclick", "https://", "<form", "<meta http", "@import", "<link"):
        assert bad not in answer.text


def test_the_html_is_shown_to_whoever_read_the_message_and_to_nobody_else(
    web: Flask, browse: Browse, officer: Browser
) -> None:
    request_id = with_message(web, hostile())
    frame = f"/studio/requests/{request_id}/original/frame"
    assert officer.get(frame).status_code == 303
    officer.post(f"/studio/requests/{request_id}/original")
    assert officer.get(frame).status_code == 200
    assert browse(Role.ADMIN).get(frame).status_code == 303


def test_get_changes_nothing(web: Flask, officer: Browser) -> None:
    request_id = with_message(web, hostile())
    officer.post(f"/studio/requests/{request_id}/original")

    def rows() -> int:
        with web.app_context():
            return sum(
                db.session.scalars(select(func.count()).select_from(table)).one()
                for table in (timeline.RequestEvent, AuditEntry, answers.Answer)
            )

    before = rows()
    for path in ("", "?template=refused&language=kk", "/original/frame"):
        assert officer.get(f"/studio/requests/{request_id}{path}").status_code == 200
    assert rows() == before


@pytest.mark.parametrize(
    ("kind", "ended"),
    [("withdrawal", "open"), ("rectification", "open"), ("question", "open"), ("junk", "closed")],
)
def test_one_press_says_what_an_unclear_message_is(
    web: Flask, officer: Browser, kind: str, ended: str
) -> None:
    request_id = with_message(web, letter())
    assert "What is this message?" in officer.get(f"/studio/requests/{request_id}?lang=en").text
    answer = officer.post(f"/studio/requests/{request_id}/kind", {"kind": kind})
    assert answer.status_code == 303
    found = state(web, request_id)
    assert (found.kind, found.state) == (kind, ended)


def test_an_answer_is_looked_at_before_it_is_sent_and_sent_once(
    web: Flask, officer: Browser
) -> None:
    request_id = a_request(web)
    path = f"/studio/requests/{request_id}/answer"
    form = {
        "template": "answered",
        "words": "We hold your address.",
        "language": "ru",
        "expected": 0,
    }
    looked = officer.post(path, {**form, "do": "look"})
    assert "Отвечаем на ваше письмо" in looked.text
    assert "We hold your address." in looked.text
    with web.app_context():
        assert len(answers.of_request(request_id)) == 1  # The receipt.
    assert officer.post(path, {**form, "do": "send"}).status_code == 303
    again = officer.post(path, {**form, "do": "send"})
    assert again.status_code == 409
    assert "We hold your address." in again.text
    with web.app_context():
        assert len(answers.of_request(request_id)) == 2
    page = officer.get(f"/studio/requests/{request_id}?lang=en").text
    assert "On its way" in page
    assert "by hand" in page


def test_an_answer_without_words_comes_back_with_the_field(web: Flask, officer: Browser) -> None:
    request_id = a_request(web)
    form = {"template": "refused", "words": " ", "do": "look"}
    answer = officer.post(f"/studio/requests/{request_id}/answer", form)
    assert answer.status_code == 422
    assert 'href="#words"' in answer.text
    assert 'id="words-wrong"' in answer.text


def test_closing_asks_how_and_why_and_can_be_taken_back(web: Flask, officer: Browser) -> None:
    request_id = a_request(web)
    path = f"/studio/requests/{request_id}"
    for form, field in (
        ({"reason": "By telephone"}, "resolution"),
        ({"resolution": "done"}, "reason"),
    ):
        answer = officer.post(f"{path}/close", form)
        assert answer.status_code == 422
        assert f'href="#{field}"' in answer.text
    done = {"resolution": "done", "reason": "By telephone"}
    assert officer.post(f"{path}/close", done).status_code == 303
    assert "By telephone" in officer.get(path).text
    assert officer.post(f"{path}/take-up").status_code == 303
    assert state(web, request_id).state == State.OPEN


def test_a_request_is_given_to_somebody_and_back(web: Flask, officer: Browser) -> None:
    request_id = a_request(web)
    text = officer.get(f"/studio/requests/{request_id}").text
    offered = dict(re.findall(r'<option value="(\d+)">([^<]+@example.com)<', text))
    assert sorted(offered.values()) == ["admin@example.com", "officer@example.com"]
    number = next(iter(offered))
    officer.post(f"/studio/requests/{request_id}/assign", {"assignee": number})
    assert state(web, request_id).assignee_id == int(number)
    officer.post(f"/studio/requests/{request_id}/assign", {"assignee": ""})
    assert state(web, request_id).assignee_id is None


def test_words_of_strangers_are_text_wherever_they_stand(web: Flask, officer: Browser) -> None:
    message = letter("<script>alert(1)</script>", '"<b>x</b>" <a@example.org>')
    request_id = with_message(web, message)
    page = officer.post(f"/studio/requests/{request_id}/original").text
    assert "<script>alert" not in page
    assert "<b>x</b>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_what_nobody_understood_is_no_withdrawal_until_somebody_chooses_it(
    web: Flask, officer: Browser
) -> None:
    number = with_message(web, letter())
    page = officer.get(f"/studio/requests/{number}?lang=en").text
    select = page.partition('<select id="kind"')[2].partition("</select>")[0]
    assert re.findall(r'<option value="(\w*)" selected>', select) == [""]
    assert officer.post(f"/studio/requests/{number}/kind", {"kind": ""}).status_code == 422
    assert state(web, number).kind == "unclear"


@pytest.mark.parametrize(
    ("act", "said"),
    [
        ("blocked", "Every mailing to this person has been stopped since "),
        ("withdrawn", "Consent was withdrawn on "),
        ("", "Nothing is stopped."),
    ],
)
def test_a_withdrawal_says_what_has_been_done_about_it(
    web: Flask, officer: Browser, act: str, said: str
) -> None:
    with web.app_context():
        person = subscribers.find(canonical("person1@example.com"))
        assert person is not None
        if act:
            everything = Scope.everything()
            leave(Leaving(person.id, everything, Said(act), "mail", patience=0))
        found = open_request(NewRequest(Kind.WITHDRAWAL, subscriber_id=person.id)).id
        db.session.commit()
    assert said in officer.get(f"/studio/requests/{found}?lang=en").text


def test_a_withdrawal_of_nobody_known_says_that_there_was_nothing_to_stop(
    web: Flask, officer: Browser
) -> None:
    with web.app_context():
        found = asked(Kind.WITHDRAWAL).id
    assert "there was nothing to stop" in officer.get(f"/studio/requests/{found}?lang=en").text


def test_where_nothing_is_due_today_the_next_day_that_something_is_stands_there(
    web: Flask, officer: Browser
) -> None:
    came = datetime(2026, 11, 29, 9, tzinfo=UTC)  # A Sunday: all of it is due in another week.
    with web.app_context():
        open_request(NewRequest(Kind.QUESTION, received_at=came))
        open_request(NewRequest(Kind.WITHDRAWAL, received_at=came))
        db.session.commit()
    with clock.use(lambda: came):
        page = officer.get("/studio/requests?lang=en").text
    said = "Nothing is due today. The next one is due on 30 November 2026, 18:00 (Almaty time)."
    assert said in page


def test_what_was_kept_is_listed_and_a_press_puts_it_on_the_desk(
    web: Flask, officer: Browser
) -> None:
    raw = b"From: a@example.com\r\nSubject: Why?\r\nList-Id: <x.shop.example>\r\n\r\nWhat?\r\n"
    with web.app_context():
        kept_id = incoming.take(raw, ["helpdesk@glazik.example"]).id
    assert "/studio/requests/kept" in officer.get("/studio/requests").text
    text = officer.get("/studio/requests/kept").text
    assert f'action="/studio/requests/kept/{kept_id}"' in text
    assert "a@example.com" not in text
    answer = officer.post(f"/studio/requests/kept/{kept_id}")
    assert answer.status_code == 303
    shown = officer.get(answer.location).text
    assert 'value="withdrawal"' in shown
    assert (
        f'action="/studio/requests/kept/{kept_id}"' not in officer.get("/studio/requests/kept").text
    )
    assert officer.post(f"/studio/requests/kept/{kept_id}").location == answer.location


def test_only_what_was_kept_can_be_put_on_the_desk(web: Flask, officer: Browser) -> None:
    assert officer.post("/studio/requests/kept/999999").status_code == 404
