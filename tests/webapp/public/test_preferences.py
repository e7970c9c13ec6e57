"""The preference centre over HTTP: one press, one act."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.leaving import reasons
from tests import road
from tests.person import newest_request, token_of
from tests.webapp.public.conftest import Rows, Shop
from tests.webapp.public.people import (
    Asked,
    kinds,
    leave_link,
    preview_link,
    say_yes,
    standing,
)
from webapp.public import preferences as pages

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def person(web: Flask, shop: Shop) -> Asked:
    """Somebody who said yes to `offers`."""
    return say_yes(web, shop.policy, "offers")


@pytest.fixture
def leave(web: Flask, person: Asked) -> str:
    return leave_link(web, person.subscriber)


@pytest.fixture
def link(leave: str) -> str:
    return leave.replace("/u/", "/preferences/")


def form_of(page: str, act: str) -> dict[str, list[str]]:
    """What a browser would post by the button of this name, nothing changed."""
    [form] = [one for one in re.findall(r"<form.*?</form>", page, re.DOTALL) if f'"{act}"' in one]
    sent: dict[str, list[str]] = {"act": [act]}
    for field in re.findall(r"<input[^>]*>", form):
        name = re.search(r'name="([^"]*)"', field)
        value = re.search(r'value="([^"]*)"', field)
        is_sent = 'type="hidden"' in field or " checked" in field
        if name and value and is_sent:
            sent.setdefault(name[1], []).append(value[1])
    return sent


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("end", ["", "/withdraw"])
def test_looking_changes_nothing(
    client: FlaskClient, link: str, rows: Rows, method: str, end: str
) -> None:
    """T27, T29."""
    before = rows()
    assert client.open(link + end, method=method).status_code == 200
    assert rows() == before


def test_to_save_what_is_shown_changes_nothing(client: FlaskClient, link: str, rows: Rows) -> None:
    page = client.get(f"{link}?lang=en").text
    before = rows()
    answer = client.post(f"{link}?lang=en", data=form_of(page, "save"))
    assert "Nothing was changed" in answer.text
    assert rows() == before


def test_unticking_leaves_and_the_page_shows_it(
    client: FlaskClient, web: Flask, person: Asked, link: str
) -> None:
    form = form_of(client.get(link).text, "save")
    form["topic"].remove("offers")
    answer = client.post(f"{link}?lang=en", data=form)
    assert "What you unticked is not sent any more." in answer.text
    assert standing(web, person.subscriber) == "unsubscribed"
    client.post(f"{link}?lang=en", data=form)  # The back button, and again.
    assert kinds(web, person.subscriber).count("unsubscribed") == 1


@pytest.mark.parametrize("keep", [[], ["listed"], ["listed", "shown"], ["topic"]])
def test_a_form_that_was_cut_off_before_its_button_changes_nothing(
    client: FlaskClient, link: str, rows: Rows, keep: list[str]
) -> None:
    """T22."""
    form = form_of(client.get(link).text, "save")
    before = rows()
    cut = {name: values for name, values in form.items() if name in keep}
    assert client.post(link, data=cut).status_code == 422
    assert rows() == before


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_the_exact_sentence_stands_beside_what_is_not_ticked(
    client: FlaskClient, link: str, language: str
) -> None:
    page = client.get(f"{link}?lang={language}").text
    said = {"en": "I agree that", "ru": "Даю согласие", "kk": "келісім беремін"}
    assert said[language] in page
    assert "dana@" not in page


def test_pause_language_and_stop_each_do_one_thing(
    client: FlaskClient, web: Flask, person: Asked, link: str
) -> None:
    paused = client.post(f"{link}?lang=en", data={"act": "pause", "days": "30"})
    assert "Paused until" in paused.text
    assert "There is no pause" in client.post(f"{link}?lang=en", data={"act": "end_pause"}).text
    spoken = client.post(link, data={"act": "language", "language": "en"})
    assert "Our e-mails now come in English." in spoken.text
    stopped = client.post(link, data={"act": "stop"})
    assert "You are unsubscribed from everything." in stopped.text
    assert kinds(web, person.subscriber)[-1] == "unsubscribed"
    assert standing(web, person.subscriber, "notices") == "unsubscribed"


@pytest.mark.parametrize("days", ["", "0", "-30", "31", "9" * 400, "٣٠", "1e3"])
def test_no_other_pause_is_taken(client: FlaskClient, link: str, rows: Rows, days: str) -> None:
    before = rows()
    assert client.post(link, data={"act": "pause", "days": days}).status_code == 422
    assert rows() == before


def test_withdrawing_is_explained_beside_unsubscribing_and_ends_everything(
    client: FlaskClient, web: Flask, person: Asked, link: str
) -> None:
    page = client.get(f"{link}/withdraw?lang=en").text
    assert page.count("<button") == 2
    answer = client.post(f"{link}?lang=en", data={"act": "withdraw"})
    assert "Your consent is withdrawn." in answer.text
    assert "To return, write to us from the address itself" in answer.text
    assert kinds(web, person.subscriber)[-1] == "withdrawn"


def test_the_link_of_a_preview_does_nothing_and_says_so(
    client: FlaskClient, web: Flask, rows: Rows
) -> None:
    """T40."""
    link = preview_link(web).replace("/u/", "/preferences/")
    before = rows()
    for act in ("save", "stop", "withdraw", "pause"):
        answer = client.post(f"{link}?lang=en", data={"act": act, "days": "30"})
        assert "It belongs to nobody" in answer.text
    assert "It belongs to nobody" in client.get(f"{link}/withdraw?lang=en").text
    assert rows() == before


def test_forged_links_are_one_answer_that_leads_on(
    client: FlaskClient, link: str, rows: Rows
) -> None:
    before, bodies = rows(), set()
    flipped = link[:-2] + ("A" if link[-2] != "A" else "B") + link[-1]
    for forged in (flipped, f"{link}A", "/preferences/x", "/u/x", "/confirm/x"):
        answers = [client.get(forged), client.post(forged, data={"act": "stop"})]
        assert [answer.status_code for answer in answers] == [404, 404]
        bodies |= {answer.data for answer in answers}
    assert len(bodies) == 1
    assert b'href="/privacy?lang=' in bodies.pop()
    assert rows() == before


def test_a_page_that_cannot_be_drawn_never_denies_what_is_stored(
    client: FlaskClient, web: Flask, person: Asked, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T42."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no template")

    monkeypatch.setattr(pages, "show_personal", broken)
    answer = client.post(link, data={"act": "stop"})
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert standing(web, person.subscriber) == "unsubscribed"


def test_after_leaving_a_reason_may_be_given_and_is_tied_to_nobody(
    client: FlaskClient, web: Flask, person: Asked, leave: str
) -> None:
    result = client.post(f"{leave}?lang=en", data="page=1", content_type=FORM).text
    assert result.count('type="radio"') == 5
    assert "checked" not in result
    before = kinds(web, person.subscriber)
    told = {"reason": "too_many", "words": "Dana from Astana"}
    assert "Thank you." in client.post(f"{leave}/reason?lang=en", data=told).text
    told["reason"] = "content"
    client.post(f"{leave}/reason", data=told)
    assert kinds(web, person.subscriber) == before
    with web.app_context():
        [row] = db.session.execute(text("SELECT t::text, reason FROM leave_reasons t")).all()
        assert row.reason == "content"
        assert "Dana" not in row[0]
        assert str(person.subscriber) not in row[0]


def test_to_say_nothing_costs_nothing(client: FlaskClient, leave: str, rows: Rows) -> None:
    client.post(leave)
    before = rows()
    assert client.post(f"{leave}/reason", data={"words": "  "}).status_code == 200
    assert client.post(f"{leave}/reason", data={"reason": "made-up"}).status_code == 422
    long = client.post(f"{leave}/reason?lang=en", data={"words": "я" * 301})
    assert long.status_code == 422
    assert "Shorten it to 300 characters." in long.text
    assert rows() == before


def test_whoever_has_not_left_gives_no_reason(client: FlaskClient, leave: str, rows: Rows) -> None:
    before = rows()
    client.post(f"{leave}/reason", data={"reason": "too_many"})
    assert rows() == before


def test_remarks_are_shown_only_where_enough_have_answered(
    web: Flask, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with web.app_context():
        campaign = road.campaign("offers")
        monkeypatch.setattr(reasons, "_campaign_of", lambda _: campaign)
        for number in range(reasons.ENOUGH):
            token = road.leave_token(uuid4(), "offers")
            assert reasons.tell(token, "too_many" if number else "other", f"words {number}")
            told = reasons.about(campaign)
            assert told.answers == number + 1
            assert sum(told.reasons.values()) == told.answers
            assert bool(told.words) == (told.answers == reasons.ENOUGH)


def test_a_request_of_this_page_that_nobody_answered_leads_back_to_it_and_to_no_form(
    client: FlaskClient, web: Flask, link: str
) -> None:
    form = form_of(client.get(link).text, "save")
    assert client.post(link, data=form | {"topic": ["offers", "new", "notices"]}).status_code == 200
    with web.app_context():
        asked = f"/confirm/{token_of(newest_request(), 'confirm')}"
    assert client.get(asked).status_code == 200
    later = clock.now() + timedelta(days=8)
    with clock.use(lambda: later):
        late = client.get(f"{asked}?lang=en").text
    assert "This request has expired" in late
    assert "tick them again on the page" in late
    assert "/join/" not in late
