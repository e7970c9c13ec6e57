"""Rights without a login: the lost mail, my data, putting right, moving, over HTTP."""

import json
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from mailing.base.database import db
from mailing.base.settings import current
from mailing.base.tokens import AddressToken, LeaveToken, link_keys
from mailing.deliveries import stamps
from mailing.deliveries.answers import Answer
from mailing.people import address_changes, subscribers, suppression, topics
from mailing.people.suppression import Why
from mailing.staff.audit import AuditEntry
from tests.webapp.conftest import With
from tests.webapp.public.conftest import Rows, Shop
from tests.webapp.public.people import Asked, say_yes

EMAIL, NEW = "dana@example.com", "dana.new@example.com"
SUB = ("/data", "/correct", "/address")


@pytest.fixture
def dana(web: Flask, shop: Shop) -> Asked:
    return say_yes(web, shop.policy)


def token(web: Flask, person: UUID, delivery: UUID) -> str:
    with web.app_context():
        made = LeaveToken(person, topics.find(topics.NOTICES).id, delivery)
        return made.text(link_keys(current().secret_keys))


def any_link(web: Flask, person: UUID) -> str:
    """What stands in any mail."""
    return f"/preferences/{token(web, person, uuid4())}"


def fresh_link(client: FlaskClient, web: Flask, person: UUID) -> str:
    """What stands in the mail that the page of the lost mail sends."""
    assert client.post("/privacy", data={"email": EMAIL}).status_code == 200
    with web.app_context():
        [answer] = db.session.scalars(select(Answer).where(Answer.subscriber_id == person))
        return f"/preferences/{token(web, person, answer.delivery_id)}"


def end_link(web: Flask, person: UUID, end: str) -> str:
    with web.app_context():
        change = address_changes.of(person)[-1]
        return f"/address/{AddressToken(change.id, end).text(link_keys(current().secret_keys))}"


def email_of(web: Flask, person: UUID) -> str:
    with web.app_context():
        held = subscribers.lock(person)
        personal = subscribers.personal_of(held) if held else None
        return personal.email if personal else ""


def test_the_answer_is_the_same_bytes_for_every_address(
    client: FlaskClient, web: Flask, dana: Asked
) -> None:
    known = client.post("/privacy?lang=en", data={"email": EMAIL})
    again = client.post("/privacy?lang=en", data={"email": EMAIL.upper()})
    unknown = client.post("/privacy?lang=en", data={"email": "nobody@example.com"})
    with web.app_context():
        held = subscribers.lock(dana.subscriber)
        assert held is not None
        suppression.suppress(held.digest, Why.WITHDRAWN)
        db.session.commit()
    shut = client.post("/privacy?lang=en", data={"email": EMAIL})
    assert {one.status_code for one in (known, again, unknown, shut)} == {200}
    assert known.data == again.data == unknown.data == shut.data
    assert EMAIL not in known.text


@pytest.mark.parametrize("typed", ["", "dana", "a@b@c", "x" * 5000, "a\0b@example.com", "<b>@x"])
def test_what_is_no_address_is_told_beside_the_field_and_kept(
    client: FlaskClient, shop: Shop, rows: Rows, typed: str
) -> None:
    before = rows()
    answer = client.post("/privacy?lang=en", data={"email": typed})
    assert answer.status_code == 422
    assert "Enter an address like" in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "<b>" not in answer.text
    assert rows() == before


def test_a_network_that_asks_too_often_is_told_to_wait_and_nothing_is_lost(
    client: FlaskClient, web: Flask, dana: Asked, with_settings: With
) -> None:
    slow = with_settings(join_network_hourly=1)
    from_outside = {"environ_base": {"REMOTE_ADDR": "203.0.113.7"}}
    first = slow.post("/privacy?lang=en", data={"email": EMAIL}, **from_outside)
    second = slow.post("/privacy?lang=en", data={"email": EMAIL}, **from_outside)
    assert (first.status_code, second.status_code) == (200, 429)
    assert "try again in an hour" in second.text
    assert f'value="{EMAIL}"' in second.text


@pytest.mark.parametrize("part", SUB)
def test_any_mails_link_shows_no_data_and_offers_a_fresh_one(
    client: FlaskClient, web: Flask, dana: Asked, rows: Rows, part: str
) -> None:
    """Mails get passed on (T34): what is personal asks for more than holding one."""
    link, before = any_link(web, dana.subscriber), rows()
    for method, status in (("GET", 200), ("POST", 403)):
        answer = client.open(f"{link}{part}?lang=en", method=method)
        assert answer.status_code == status
        assert f'action="{link}/link?lang=en"' in answer.text
        assert EMAIL not in answer.text
    assert rows() == before


def test_the_fresh_link_goes_to_the_address_on_file_and_nowhere_else(
    client: FlaskClient, web: Flask, dana: Asked
) -> None:
    answer = client.post(
        f"{any_link(web, dana.subscriber)}/link?lang=en", data={"email": "thief@example.com"}
    )
    assert "d…@example.com" in answer.text
    with web.app_context():
        [written] = db.session.scalars(select(Answer))
        assert (written.subscriber_id, written.recipient) == (dana.subscriber, None)


@pytest.mark.parametrize("part", [*SUB, "/link"])
def test_a_forged_link_is_404_and_changes_nothing(
    client: FlaskClient, web: Flask, dana: Asked, rows: Rows, part: str
) -> None:
    link, before = any_link(web, dana.subscriber), rows()
    for forged in ("/preferences/x", link[:-2], link + "A"):
        for method in ("GET", "POST"):
            status = client.open(f"{forged}{part}", method=method).status_code
            assert status == (405 if (part, method) == ("/link", "GET") else 404)
    assert rows() == before


def test_the_link_of_a_preview_belongs_to_nobody(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    with web.app_context():
        preview = stamps.sample_stamp(current()).leave_url.rpartition("/")[2]
    for part in SUB:
        page = client.get(f"/preferences/{preview}{part}?lang=en")
        assert "comes from a preview" in page.text


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(
    client: FlaskClient, web: Flask, dana: Asked, rows: Rows, method: str
) -> None:
    """T27, T31: a scanner may fetch everything, and the link still works afterwards."""
    link = fresh_link(client, web, dana.subscriber)
    before = rows()
    for part in SUB:
        for _ in range(2):
            assert client.open(f"{link}{part}", method=method).status_code == 200
    assert rows() == before


def test_everything_is_shown_and_taken_along_and_the_taking_is_recorded(
    client: FlaskClient, web: Flask, dana: Asked
) -> None:
    link = fresh_link(client, web, dana.subscriber)
    page = client.get(f"{link}/data?lang=en")
    assert EMAIL in page.text
    assert page.headers["Cache-Control"] == "no-store"
    file = client.post(f"{link}/data")
    document = json.loads(file.data)
    assert file.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert "noindex" in file.headers["X-Robots-Tag"]
    assert document["person"]["email"] == EMAIL
    assert [one["kind"] for one in document["history"]] == ["requested", "given"]
    with web.app_context():
        newest = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)
        assert db.session.scalars(newest).one().actor == "subscriber"


def test_names_are_put_right_and_hostile_ones_refused_with_what_was_typed_kept(
    client: FlaskClient, web: Flask, dana: Asked, rows: Rows
) -> None:
    link = fresh_link(client, web, dana.subscriber)
    assert "Put right" in client.post(f"{link}/correct?lang=en", data={"surname": "Ахмет"}).text
    assert 'value="Ахмет"' in client.get(f"{link}/correct?lang=en").text
    before = rows()
    hostile = client.post(f"{link}/correct?lang=en", data={"surname": '"><script>\n'})
    assert hostile.status_code == 422
    assert "<script>" not in hostile.text
    assert "&lt;script&gt;" in hostile.text
    again = client.post(f"{link}/correct?lang=en", data={"surname": "Ахмет"})
    assert "Nothing was different" in again.text
    assert rows() == before


def test_the_address_changes_once_both_mailboxes_have_agreed_and_the_old_link_is_stale(
    client: FlaskClient, web: Flask, dana: Asked
) -> None:
    link = fresh_link(client, web, dana.subscriber)
    assert client.post(f"{link}/address?lang=en", data={"email": NEW}).status_code == 200
    old, new = (end_link(web, dana.subscriber, end) for end in ("old", "new"))
    for end in (old, new):
        assert client.post(f"{end}?lang=en", data={"say": "perhaps"}).status_code == 200
    assert "has agreed" in client.post(f"{old}?lang=en", data={"say": "yes"}).text
    assert email_of(web, dana.subscriber) == EMAIL
    assert "The address is changed" in client.post(f"{new}?lang=en", data={"say": "yes"}).text
    assert email_of(web, dana.subscriber) == NEW
    assert EMAIL not in client.get(f"{link}/data").text, "it was mailed to the address before"


def test_what_is_asked_of_a_new_address_never_tells_whether_it_is_known(
    client: FlaskClient, web: Flask, shop: Shop, dana: Asked
) -> None:
    link = fresh_link(client, web, dana.subscriber)
    say_yes(web, shop.policy, address="known@example.com")
    known = client.post(f"{link}/address?lang=en", data={"email": "known@example.com"})
    unknown = client.post(f"{link}/address?lang=en", data={"email": "stranger@example.com"})
    assert known.data == unknown.data


def test_a_refusal_at_one_end_ends_it(client: FlaskClient, web: Flask, dana: Asked) -> None:
    link = fresh_link(client, web, dana.subscriber)
    client.post(f"{link}/address", data={"email": NEW})
    old, new = (end_link(web, dana.subscriber, end) for end in ("old", "new"))
    assert "not changed" in client.post(f"{new}?lang=en", data={"say": "no"}).text
    assert "not changed" in client.post(f"{old}?lang=en", data={"say": "yes"}).text
    assert email_of(web, dana.subscriber) == EMAIL
