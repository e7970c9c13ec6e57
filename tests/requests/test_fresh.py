"""A fresh link: to whom it is mailed, how often, and what it opens for how long."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.settings import current
from mailing.base.tokens import LeaveToken, link_keys
from mailing.people import suppression, topics
from mailing.people.ledger import Kind
from mailing.people.suppression import Why
from mailing.requests import fresh
from tests.person import Person, elsewhere
from tests.requests.conftest import Asker, fresh_token, written


def after(**time: float) -> Callable[[], datetime]:
    later = clock.now() + timedelta(**time)
    return lambda: later


def ask(person: Person) -> int:
    before = len(written(person))
    fresh.mail_to(person.address)
    db.session.commit()
    return len(written(person)) - before


def count(table: str) -> int:
    return int(db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608


def test_a_lost_mail_is_answered_to_the_address_on_file(person: Person, asker: Asker) -> None:
    assert ask(person) == 1
    (passed,) = asker.passed()
    assert (passed.permit.kind, passed.permit.recipient) == ("correspondence", person.address)
    assert passed.subscriber_id == person.id


def test_one_a_day_and_a_second_after_an_hour(person: Person) -> None:
    assert (ask(person), ask(person)) == (1, 0)
    with clock.use(after(minutes=59)):
        assert ask(person) == 0
    with clock.use(after(minutes=61)):
        assert (ask(person), ask(person)) == (1, 0)
    with clock.use(after(hours=3)):
        assert ask(person) == 0
    with clock.use(after(hours=24, minutes=2)):
        assert ask(person) == 1


def test_a_stranger_leaves_no_trace(app: Flask, person: Person) -> None:
    """T24: an answer cannot create anybody."""
    before = [count(table) for table in ("subscribers", "answers", "deliveries", "batches")]
    fresh.mail_to("nobody@example.com")
    db.session.commit()
    after_it = [count(table) for table in ("subscribers", "answers", "deliveries", "batches")]
    assert after_it == before


def test_what_is_no_address_is_refused(person: Person) -> None:
    with pytest.raises(Invalid):
        fresh.mail_to("nobody at all")


def test_whoever_has_left_everything_still_gets_what_they_ask_for(
    person: Person, asker: Asker
) -> None:
    person.leave()
    ask(person)
    assert len(asker.passed()) == 1


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        (Why.WITHDRAWN, "withdrawn"),
        (Why.DESTROYED, "withdrawn"),
        (Why.COMPLAINT, "suppressed_complaint"),
        (Why.BOUNCE, "suppressed_bounce"),
        (Why.STAFF, "suppressed_staff"),
    ],
)
def test_a_suppressed_address_gets_no_answer(
    person: Person, asker: Asker, why: Why, reason: str
) -> None:
    ask(person)
    suppression.suppress(person.row.digest, why)
    assert asker.passed() == []
    assert asker.reasons()[-1] == reason


@pytest.mark.parametrize(
    ("kind", "reason"), [(Kind.BLOCKED, "blocked"), (Kind.WITHDRAWN, "withdrawn")]
)
def test_a_block_and_a_withdrawal_stop_what_is_on_its_way(
    person: Person, asker: Asker, kind: Kind, reason: str
) -> None:
    ask(person)
    person.leave(kind=kind)
    assert asker.passed() == []
    assert asker.reasons()[-1] == reason


def test_an_answer_that_nobody_sent_for_a_day_is_not_sent(person: Person, asker: Asker) -> None:
    ask(person)
    db.session.execute(text("UPDATE answers SET expires_at = now()"))
    assert asker.passed() == []
    assert asker.reasons()[-1] == "request_expired"


def test_a_fresh_link_is_fresh_for_a_day(person: Person) -> None:
    token = fresh_token(person)
    assert fresh.is_fresh(token)
    with clock.use(after(hours=23, minutes=59)):
        assert fresh.is_fresh(token)
    with clock.use(after(hours=24, minutes=1)):
        assert not fresh.is_fresh(token)


def test_the_link_of_a_campaign_is_never_fresh(person: Person) -> None:
    fresh_token(person)
    assert not fresh.is_fresh(person.link())
    assert fresh.person_of(person.link()) is not None


def test_a_fresh_link_opens_nobody_elses_data(person: Person) -> None:
    answered = LeaveToken.read(link_keys(current().secret_keys), fresh_token(person))
    assert answered is not None
    other = Person(person.policy, "dana@example.com")
    other.say_yes("news")
    swapped = LeaveToken(other.id, answered.topic_id, answered.delivery)
    assert not fresh.is_fresh(swapped.text(link_keys(current().secret_keys)))


@pytest.mark.parametrize("token", ["", "x", "A" * 72, "ә" * 40, "0" * 5000])
def test_a_forged_link_is_nobodys(person: Person, token: str) -> None:
    assert not fresh.is_fresh(token)
    assert fresh.person_of(token) is None
    assert fresh.mail_to_holder(token) is False


def test_an_old_link_asks_for_a_fresh_one_to_the_address_on_file(
    person: Person, asker: Asker
) -> None:
    """T40: a link of whatever age leads on, also when its key is no longer the newest."""
    old = person.link()
    with elsewhere(secret_keys=("another-secret-of-thirty-two-characters", *current().secret_keys)):
        assert fresh.mail_to_holder(old)
        db.session.commit()
    (passed,) = asker.passed()
    assert passed.permit.recipient == person.address


def test_the_link_of_nobody_mails_nobody(person: Person) -> None:
    token = LeaveToken(UUID(int=0), topics.find("news").id, uuid4())
    before = count("deliveries")
    assert fresh.mail_to_holder(token.text(link_keys(current().secret_keys)))
    db.session.commit()
    assert count("deliveries") == before


def test_somebody_whose_data_are_gone_is_shown_nothing(person: Person) -> None:
    token = fresh_token(person)
    db.session.execute(text("UPDATE subscribers SET personal = NULL"))
    db.session.expire_all()
    assert not fresh.is_fresh(token)


def test_an_answer_makes_no_yes(person: Person, asker: Asker) -> None:
    """T24."""
    person.leave()
    said = person.said()
    ask(person)
    asker.passed()
    assert person.said() == said
