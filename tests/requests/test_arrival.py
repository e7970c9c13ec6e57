"""What shows that a message arrived closes it, where the relay's answer was lost."""

from uuid import UUID

import pytest
from sqlalchemy import text

from mailing.base.database import db
from mailing.base.settings import current
from mailing.base.tokens import LeaveToken, link_keys
from mailing.deliveries import returns
from mailing.inbound.reading import Kind, Traces
from mailing.leaving import links
from mailing.people import topics
from tests.person import Person, confirmations_of
from tests.requests.post import Post, sure


def doubtful(person: Person, state: str = "uncertain") -> UUID:
    """A message to them of which the relay's answer was lost."""
    (delivery,) = confirmations_of(person.address)
    query = (
        "UPDATE deliveries SET state = :state, reason = NULL, sealed_at = now(),"
        " finished_at = now(), owner = CASE :state WHEN 'sealed' THEN gen_random_uuid() END"
        " WHERE id = :id"
    )
    db.session.execute(text(query), {"id": delivery.id, "state": state})
    db.session.commit()
    return delivery.id


def state_of(delivery_id: UUID) -> str:
    db.session.rollback()
    query = text("SELECT state FROM deliveries WHERE id = :id")
    return str(db.session.scalar(query, {"id": delivery_id}))


def token(person: Person, delivery_id: UUID) -> str:
    news = topics.find("news").id
    return LeaveToken(person.id, news, delivery_id).text(link_keys(current().secret_keys))


@pytest.mark.parametrize("kind", [Kind.QUESTION, Kind.RECTIFICATION, Kind.UNSUBSCRIBE])
def test_a_letter_that_shows_a_message_proves_that_it_arrived(
    person: Person, post: Post, kind: Kind
) -> None:
    lost = doubtful(person)
    post.comes(kind, person.address, traces=Traces(deliveries=(lost.hex,)))
    assert state_of(lost) == "accepted"


def test_so_does_a_withdrawal_and_whoever_wrote_it(person: Person, post: Post) -> None:
    lost = doubtful(person)
    seen = Traces(message_ids=(f"{lost.hex}@glazik.example",))
    post.comes(Kind.WITHDRAWAL, person.address, traces=seen, **sure())
    assert state_of(lost) == "accepted"


@pytest.mark.parametrize("kind", [Kind.AUTO_REPLY, Kind.JUNK, Kind.UNCLEAR])
def test_what_a_machine_wrote_or_nobody_understood_proves_nothing(
    person: Person, post: Post, kind: Kind
) -> None:
    """A bounce of a new sort may be among them."""
    lost = doubtful(person)
    post.comes(kind, person.address, traces=Traces(deliveries=(lost.hex,)))
    assert state_of(lost) == "uncertain"


def test_nor_does_what_came_with_the_null_path(person: Person, post: Post) -> None:
    lost = doubtful(person)
    seen = Traces(deliveries=(lost.hex,))
    post.comes(Kind.QUESTION, person.address, is_answerable=False, traces=seen)
    assert state_of(lost) == "uncertain"


def test_the_link_in_it_comes_back_only_from_where_it_went(person: Person) -> None:
    lost = doubtful(person)
    assert links.by_token(token(person, lost), 0) is not None
    assert state_of(lost) == "accepted"


def test_a_link_that_overtakes_the_relays_lost_answer_closes_it_later(person: Person) -> None:
    lost = doubtful(person, "sealed")
    links.by_token(token(person, lost), 0)
    assert state_of(lost) == "sealed"
    db.session.execute(text("UPDATE deliveries SET state = 'uncertain' WHERE state = 'sealed'"))
    assert returns.settle_uncertain() == 1
    db.session.commit()
    assert state_of(lost) == "accepted"


def test_what_is_settled_already_is_not_asked_about_again(person: Person) -> None:
    """One more row for each press of everybody would buy nothing."""
    sent = doubtful(person, "accepted")
    links.by_token(token(person, sent), 0)
    assert db.session.scalar(text("SELECT count(*) FROM returns")) == 0
