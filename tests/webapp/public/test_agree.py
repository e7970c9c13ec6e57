"""Agreeing anew: a yes to what was shown, on what somebody holds, and never out of a no."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import current
from mailing.base.tokens import LeaveToken, link_keys
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people import evidence, ledger, subscribers, suppression, topics
from mailing.people.ledger import Kind
from mailing.people.suppression import Why
from mailing.people.wording import text_of
from mailing.policies import summaries, versions
from mailing.policies.versions import NewText
from tests.person import at_once
from tests.webapp.public.conftest import Rows, Shop
from tests.webapp.public.people import kinds, leave_link, preview_link, say_yes, standing


def publish(web: Flask, day: date = date(2025, 1, 1), summary: str = "", **told: object) -> int:
    """A further version in Russian and English, published; its id."""
    with web.app_context():
        for language in ("ru", "en"):
            new = NewText(language, day, label=f"of {day.year}", **told)  # type: ignore[arg-type]
            kept = versions.import_text(f"1. {day} {language} {uuid4()}".encode(), new)
        found = versions.find(kept.policy_id)
        summaries.summarise(found, {"ru": summary})
        versions.publish(found)
        db.session.commit()
        return found.id


def link(web: Flask, subscriber: UUID) -> str:
    return leave_link(web, subscriber).replace("/u/", "/agree/")


def press(client: FlaskClient, address: str) -> TestResponse:
    """Open the page and press its button."""
    seen = re.search(r'name="seen" value="(\w+)"', client.get(address).text)
    assert seen, "there is no button"
    return client.post(address, data={"seen": seen[1]})


def covered_by(web: Flask, subscriber: UUID, topic: str = "offers") -> int | None:
    with web.app_context():
        query = text(
            "SELECT policy_id FROM standings s JOIN topics t ON t.id = s.topic_id"
            " WHERE s.subscriber_id = :who AND t.slug = :topic"
        )
        return db.session.execute(query, {"who": subscriber, "topic": topic}).scalar()


def test_the_button_writes_a_yes_under_the_version_in_force_with_all_its_evidence(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    asked = say_yes(web, shop.policy, "offers", "new")
    second = publish(
        web,
        summary="Новая **цель**",
        purposes=("products_services", "special_offers", "partner_offers"),
        fields=("email", "user_agent"),
    )
    address = link(web, asked.subscriber)
    page = client.get(address).text
    assert "<strong>цель</strong>" in page
    assert "partner offers" in page
    assert f"/policy/{second}?compare={shop.policy}&amp;lang=ru#changes" in page
    assert "в редакции of 2025" in page
    assert "dana@" not in page
    answer = press(client, address)
    assert answer.status_code == 200
    with web.app_context():
        entries = [e for e in ledger.history(asked.subscriber) if e.source == "page"]
        assert [e.kind for e in entries] == ["given", "given"]
        assert {e.policy_id for e in entries} == {second}
        for entry in entries:
            body = evidence.body_of(entry.evidence_hash)
            topic = next(t for t in topics.all_topics() if t.id == entry.topic_id)
            assert topic.names["ru"] in text_of(body["wording"]).text
            assert text_of(body["summary"]).text == "Новая **цель**"
            assert body["language"] == "ru"
            assert body["page"].endswith("/agree")
            assert body["agreed_before"] == shop.policy
            assert body["policy_text"] == versions.text_in(versions.find(second), "ru").sha256
            private = evidence.private_of(asked.subscriber, body)
            assert private is not None
            assert set(private) == {"user_agent"}, "the version declares no network address"
        assert list(ledger.verify()) == []


def test_a_double_press_is_one_yes_and_the_page_says_what_was_agreed_to(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    asked = say_yes(web, shop.policy)
    publish(web)
    address = link(web, asked.subscriber)
    seen = re.search(r'name="seen" value="(\w+)"', client.get(address).text)
    assert seen
    answers = at_once(web, *[lambda: web.test_client().post(address, data={"seen": seen[1]})] * 4)
    assert [answer.status_code for answer in answers] == [200] * 4
    assert kinds(web, asked.subscriber) == ["requested", "given", "given"]
    assert "в редакции of 2025" in client.get(address).text
    assert 'name="seen"' not in client.get(address).text


def test_looking_changes_no_row(client: FlaskClient, web: Flask, shop: Shop, rows: Rows) -> None:
    asked = say_yes(web, shop.policy)
    publish(web)
    before = rows()
    for method in (client.get, client.head):
        for address in (link(web, asked.subscriber), preview_link(web).replace("/u/", "/agree/")):
            assert method(address).status_code == 200
    assert rows() == before


def test_a_page_that_says_something_else_by_now_records_nothing(
    client: FlaskClient, web: Flask, shop: Shop, rows: Rows
) -> None:
    asked = say_yes(web, shop.policy)
    publish(web)
    address = link(web, asked.subscriber)
    seen = re.search(r'name="seen" value="(\w+)"', client.get(address).text)
    assert seen
    publish(web, date(2026, 1, 1))
    before = rows()
    for form in ({"seen": seen[1]}, {}, {"seen": "x" * 100_000}):
        answer = client.post(f"{address}?lang=en", data=form)
        assert answer.status_code == 409
        assert "nothing was recorded" in answer.text
        assert "of 2026" in answer.text
    assert rows() == before


@pytest.mark.parametrize("how", ["cut", "longer", "padded", "of a confirmation"])
def test_a_link_that_is_not_ours_is_not_found(
    client: FlaskClient, web: Flask, shop: Shop, rows: Rows, how: str
) -> None:
    asked = say_yes(web, shop.policy)
    publish(web)
    good = link(web, asked.subscriber)
    bad = {"cut": good[:-1], "longer": good + "A", "padded": good + "="}.get(
        how, f"/agree/{asked.confirm}"
    )
    before = rows()
    assert client.get(bad).status_code == client.post(bad).status_code == 404
    assert rows() == before


def _unsubscribe(web: Flask, who: UUID) -> None:
    leave(Leaving(who, Scope.everything(), Kind.UNSUBSCRIBED, "page", patience=0))


def _withdraw(web: Flask, who: UUID) -> None:
    leave(Leaving(who, Scope.everything(), Kind.WITHDRAWN, "page", patience=0))


def _block(web: Flask, who: UUID) -> None:
    leave(Leaving(who, Scope.everything(), Kind.BLOCKED, "page", patience=0))


def _suppress(web: Flask, who: UUID) -> None:
    found = subscribers.lock(who)
    assert found
    suppression.suppress(found.digest, Why.COMPLAINT)
    db.session.commit()


@pytest.mark.parametrize("say_no", [_unsubscribe, _withdraw, _block, _suppress])
def test_no_link_makes_a_yes_out_of_a_no(
    client: FlaskClient,
    web: Flask,
    shop: Shop,
    rows: Rows,
    say_no: Callable[[Flask, UUID], None],
) -> None:
    """T18, T21: not from a page that was opened before the no, and not from one after it."""
    asked = say_yes(web, shop.policy)
    publish(web)
    address = link(web, asked.subscriber)
    seen = re.search(r'name="seen" value="(\w+)"', client.get(address).text)
    assert seen
    with web.app_context():
        say_no(web, asked.subscriber)
    before = rows()
    assert "There is nothing to agree to" in client.get(f"{address}?lang=en").text
    assert client.post(address, data={"seen": seen[1]}).status_code == 200
    assert rows() == before


def test_only_topics_that_are_held_get_the_new_yes(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    """T21: one topic was left, one was never asked for; neither comes back by agreeing."""
    asked = say_yes(web, shop.policy, "offers", "new")
    client.post(leave_link(web, asked.subscriber, "new"))
    second = publish(web)
    press(client, link(web, asked.subscriber))
    assert covered_by(web, asked.subscriber, "offers") == second
    assert standing(web, asked.subscriber, "new") == "unsubscribed"
    assert standing(web, asked.subscriber, "notices") == "none"


def test_a_link_of_somebody_who_is_gone_makes_nobody(
    client: FlaskClient, web: Flask, shop: Shop, rows: Rows
) -> None:
    """T24: a link cannot create a contact."""
    publish(web)
    with web.app_context():
        token = LeaveToken(uuid4(), topics.find("offers").id, uuid4())
        address = f"/agree/{token.text(link_keys(current().secret_keys))}"
    before = rows()
    assert "There is nothing to agree to" in client.get(f"{address}?lang=en").text
    assert client.post(address, data={"seen": "x"}).status_code == 200
    assert rows() == before


def test_a_version_of_the_future_is_announced_and_cannot_be_agreed_to_yet(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    asked = say_yes(web, shop.policy)
    publish(web, date(2099, 1, 1))
    page = client.get(f"{link(web, asked.subscriber)}?lang=en").text
    assert "takes effect on 1 January 2099" in page
    assert 'name="seen"' not in page


def test_a_version_is_in_force_from_the_first_moment_of_its_day_where_the_operator_is(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    """Almaty is five hours ahead: its day begins at 19:00 UTC of the day before."""
    asked = say_yes(web, shop.policy)
    publish(web, date(2027, 3, 1))
    address = link(web, asked.subscriber)
    for hour, is_open in ((18, False), (19, True)):
        moment = datetime(2027, 2, 28, hour, 30, tzinfo=UTC)
        with clock.use(partial(_same, moment)):
            assert ('name="seen"' in client.get(address).text) == is_open


def _same(moment: datetime) -> datetime:
    return moment


def test_a_topic_whose_purpose_the_new_version_gave_up_is_not_renewed_under_it(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    asked = say_yes(web, shop.policy, "offers", "new")
    second = publish(web, purposes=("products_services",))
    press(client, link(web, asked.subscriber))
    assert covered_by(web, asked.subscriber, "new") == second
    assert covered_by(web, asked.subscriber, "offers") == shop.policy


def test_the_page_is_private_and_framed_by_nobody(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    asked = say_yes(web, shop.policy)
    answer = client.get(link(web, asked.subscriber))
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "Set-Cookie" not in answer.headers
