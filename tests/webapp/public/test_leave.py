"""Leaving over HTTP: RFC 8058 for mail programs, one button for people."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.leaving import replay
from mailing.leaving.receipts import StoredReceipt
from tests.requests.destroying import destroyed
from tests.webapp.conftest import With
from tests.webapp.public.conftest import Rows, Shop
from tests.webapp.public.people import (
    Asked,
    ask,
    kinds,
    leave_link,
    preview_link,
    say_yes,
    standing,
)
from webapp.public import leave as pages

ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"
MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
)


@pytest.fixture
def person(web: Flask, shop: Shop) -> Asked:
    """Somebody who said yes to two topics."""
    return say_yes(web, shop.policy, "new", "offers")


@pytest.fixture
def link(web: Flask, person: Asked) -> str:
    """The way out of `offers`."""
    return leave_link(web, person.subscriber)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (ONE_CLICK, FORM),
        (MULTIPART, "multipart/form-data; boundary=b"),
        (b"", None),
        (b"", FORM),
        (b"List-Unsubscribe=One-Click", "text/plain"),
        (b'{"List-Unsubscribe": "One-Click"}', "application/json"),
        (b"{broken", "application/json"),
        (b"--other", "multipart/form-data; boundary=b"),
        (b"\xff\xfe\x00", "application/octet-stream"),
        (b"x=" + b"y" * 2_000_000, FORM),
    ],
    ids=lambda value: str(value)[:40],
)
def test_one_click_takes_any_body_of_any_type(
    client: FlaskClient, web: Flask, person: Asked, link: str, body: bytes, content_type: str
) -> None:
    """T35."""
    answer = client.post(link, data=body, content_type=content_type)
    assert answer.status_code == 200
    assert standing(web, person.subscriber) == "unsubscribed"


def test_one_click_needs_no_cookie_no_origin_and_no_redirect(
    client: FlaskClient, web: Flask, person: Asked, link: str
) -> None:
    """T36, T43."""
    answer = client.post(link, data=ONE_CLICK, headers={"Origin": "https://mail.example"})
    assert answer.status_code == 200
    assert "Location" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_browser_that_asks_first_is_told_that_it_may_post(
    client: FlaskClient, link: str, rows: Rows
) -> None:
    """T43."""
    before = rows()
    answer = client.options(link, headers={"Access-Control-Request-Method": "POST"})
    assert answer.status_code == 204
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert rows() == before


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_scanner_that_fetches_the_link_unsubscribes_nobody(
    client: FlaskClient, link: str, rows: Rows, method: str
) -> None:
    """T27, T29."""
    before = rows()
    assert client.open(link, method=method).status_code in (200, 204)
    assert rows() == before


def test_the_page_has_a_real_button_and_nothing_that_presses_it(
    client: FlaskClient, link: str
) -> None:
    """T30."""
    page = client.get(link)
    assert page.text.count("<button") == 1
    assert "<script" not in page.text
    assert "http-equiv" not in page.text
    assert "script-src" not in page.headers["Content-Security-Policy"]


def test_it_leaves_the_topic_of_the_link_alone(
    client: FlaskClient, web: Flask, person: Asked, link: str
) -> None:
    client.post(link, data=ONE_CLICK)
    assert standing(web, person.subscriber, "offers") == "unsubscribed"
    assert standing(web, person.subscriber, "new") == "given"


def test_repeats_are_answered_with_the_first_receipt(
    client: FlaskClient, web: Flask, person: Asked, link: str
) -> None:
    """T31."""
    wanted = {"Accept": "application/json"}
    first, again = (client.post(link, headers=wanted) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json == again.json
    assert kinds(web, person.subscriber).count("unsubscribed") == 1


def test_the_receipt_is_the_one_that_is_stored(
    client: FlaskClient, web: Flask, person: Asked, link: str
) -> None:
    """T37: the answer reflects a stored entry."""
    said = client.post(link, headers={"Accept": "application/json"}).json
    assert said is not None
    assert sorted(said) == ["in_flight", "receipt", "recorded_at", "topic"]
    assert (said["topic"], said["in_flight"]) == ("offers", [])
    with web.app_context():
        stored = db.session.get_one(StoredReceipt, said["receipt"])
        assert stored.subscriber_id == person.subscriber
        assert stored.recorded_at == datetime.fromisoformat(said["recorded_at"])


def test_what_has_been_handed_over_is_named_with_202(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    asked = ask(web, shop.policy)
    _hand_over(web)
    answer = client.post(f"/u/{asked.cancel}", headers={"Accept": "application/json"})
    assert answer.status_code == 202
    named = answer.json["in_flight"] if answer.json else []
    assert [sorted(one) for one in named] == [["handed_over_at", "message_id"]]
    page = client.post(f"/u/{asked.cancel}?lang=en", data="page=1", content_type=FORM)
    assert page.status_code == 202
    assert "One e-mail had already been handed to your mail service" in page.text


def test_the_one_click_of_a_confirmation_mail_cancels_the_request(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    """T37."""
    asked = ask(web, shop.policy)
    assert client.post(f"/u/{asked.cancel}", data=ONE_CLICK).status_code == 200
    with web.app_context():
        states = db.session.execute(text("SELECT state, reason FROM deliveries")).all()
    assert [tuple(row) for row in states] == [("held", "unsubscribed")]


def test_forged_links_get_one_answer_and_change_nothing(
    client: FlaskClient, person: Asked, link: str, rows: Rows
) -> None:
    before, bodies = rows(), set()
    flipped = link[:-2] + ("A" if link[-2] != "A" else "B") + link[-1]
    for forged in (flipped, link[:-1], f"{link}A", f"{link}=", f"/u/{person.confirm}", "/u/x"):
        answers = [client.get(forged), client.post(forged), client.post(f"{forged}/undo")]
        assert [answer.status_code for answer in answers] == [404, 404, 404]
        bodies |= {answer.data for answer in answers}
    assert len(bodies) == 1
    assert rows() == before


def test_a_second_spelling_of_a_link_is_no_redirect(client: FlaskClient, link: str) -> None:
    for spelling in (f"{link}/", f"/{link}", link.replace("/u/", "/u//")):
        assert client.post(spelling, data=ONE_CLICK).status_code == 404


def test_a_person_presses_once_and_sees_what_is_so_and_the_way_back(
    client: FlaskClient, web: Flask, person: Asked, link: str
) -> None:
    asked = client.get(f"{link}?lang=en").text
    assert "Unsubscribe from “Offers”?" in asked
    assert "d…@example.com" in asked
    assert 'name="page" value="1"' in asked
    result = client.post(f"{link}?lang=en", data="page=1", content_type=FORM)
    assert result.status_code == 200
    assert "You are unsubscribed from “Offers”." in result.text
    assert f'action="{link}/undo?lang=en"' in result.text
    assert standing(web, person.subscriber) == "unsubscribed"
    assert "You are unsubscribed" in client.get(f"{link}?lang=en").text


def test_undo_within_a_day_is_an_entry_of_its_own(
    client: FlaskClient, web: Flask, person: Asked, link: str
) -> None:
    """T34."""
    client.post(link)
    answer = client.post(f"{link}/undo?lang=en")
    assert "You are subscribed to “Offers” again." in answer.text
    assert standing(web, person.subscriber) == "given"
    assert kinds(web, person.subscriber)[-2:] == ["unsubscribed", "restored"]


def test_undo_after_a_day_changes_nothing_and_never_claims_to(
    client: FlaskClient, web: Flask, person: Asked, link: str
) -> None:
    client.post(link)
    later = clock.now() + timedelta(hours=24, seconds=1)
    with clock.use(lambda: later):
        answer = client.post(f"{link}/undo?lang=en")
    assert "This cannot be undone any more" in answer.text
    assert standing(web, person.subscriber) == "unsubscribed"


def test_the_page_says_until_when_it_can_be_undone_however_often_it_is_opened(
    client: FlaskClient, link: str
) -> None:
    left_at = datetime(2026, 11, 22, 11, 9, tzinfo=UTC)
    with clock.use(lambda: left_at):
        first = client.post(f"{link}?lang=en", data="page=1", content_type=FORM)
    with clock.use(lambda: left_at + timedelta(hours=20)):
        again = client.get(f"{link}?lang=en")
    for page in (first, again):
        assert "until 23 November 2026, 16:09 (Almaty time)." in page.text


def test_undo_is_a_post(client: FlaskClient, link: str, rows: Rows) -> None:
    client.post(link)
    before = rows()
    assert client.get(f"{link}/undo").status_code == 405
    assert rows() == before


def test_a_page_that_cannot_be_drawn_never_denies_what_is_stored(
    client: FlaskClient, web: Flask, person: Asked, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T42."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no template")

    monkeypatch.setattr(pages, "show_personal", broken)
    answer = client.post(link, data="page=1", content_type=FORM)
    assert answer.status_code == 200
    assert standing(web, person.subscriber) == "unsubscribed"


def test_while_the_database_is_away_the_answer_is_503_and_the_journal_has_the_wish(
    settings: Settings, with_settings: With, web: Flask, person: Asked, link: str
) -> None:
    with web.app_context():
        replay.run()
    # A port where nobody listens stands for the database that went away.
    away = with_settings(database_url="postgresql://127.0.0.1:1/none")
    answer = away.post(link, data=ONE_CLICK)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert standing(web, person.subscriber) == "given"
    lines = "".join(path.read_text() for path in settings.journal.rglob("*") if path.is_file())
    assert str(person.subscriber) in lines


def test_the_page_speaks_the_persons_language_unless_asked_otherwise(
    client: FlaskClient, link: str
) -> None:
    assert '<html lang="ru"' in client.get(link).text
    browser = {"Accept-Language": "en-GB"}
    own = client.get(link, headers=browser).text
    assert '<html lang="ru"' in own
    assert "«Предложения»" in own
    asked = client.get(f"{link}?lang=kk", headers=browser).text
    assert '<html lang="kk"' in asked
    assert "«Ұсыныстар»" in asked


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("kk", "Ол ешкімге тиесілі емес, ешкімнің жазылымы тоқтатылған жоқ."),
        ("ru", "Она ничья, и никто не отписан."),
        ("en", "It belongs to nobody, and nobody was unsubscribed."),
    ],
)
def test_the_link_of_a_preview_says_so_and_does_nothing(
    client: FlaskClient, web: Flask, rows: Rows, language: str, said: str
) -> None:
    link, before = preview_link(web), rows()
    asked = {"headers": {"Accept-Language": language}}
    answers = [client.get(link, **asked), client.post(link, data="page=1", **asked)]
    answers += [client.post(link, data=ONE_CLICK, **asked), client.post(f"{link}/undo", **asked)]
    for answer in answers:
        assert answer.status_code == 200
        assert said in answer.text
        assert "<button" not in answer.text
        assert "You are unsubscribed" not in answer.text
    assert rows() == before


def _hand_over(web: Flask) -> None:
    """Seal the only delivery, as a worker does before it writes the final dot."""
    with web.app_context():
        db.session.execute(
            text(
                "UPDATE deliveries SET state = 'sealed', owner = gen_random_uuid(), "
                "sealed_at = now()"
            )
        )
        db.session.commit()


@pytest.mark.parametrize("path", ["/u/", "/preferences/"])
def test_an_old_link_of_somebody_destroyed_leads_to_the_one_that_counts(
    web: Flask, client: FlaskClient, person: Asked, link: str, path: str
) -> None:
    """They may have come back since as somebody new, whom no link of before leads to; whether they
    have, the page does not say."""
    token = link.rpartition("/")[2]
    with web.app_context():
        destroyed(person.subscriber)
    page = client.get(f"{path}{token}?lang=en")
    assert page.status_code == 200
    assert "use the link in the newest one" in page.text
    left = client.post(f"/u/{token}?lang=en", data="page=1", content_type=FORM)
    assert (left.status_code, "use the link in the newest one" in left.text) == (200, True)
