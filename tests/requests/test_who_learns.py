"""Who learns what about whom: a stranger who names somebody hears the same, known or not.

The author of a letter is answered at the address in `From`. Whoever they name beside it (Reply-To,
Return-Path) may be a subscriber, may have withdrawn, or may be nobody here: what comes back to the
stranger does not tell.
"""

from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.deliveries import answers
from mailing.deliveries.answers import AnswerKind
from mailing.inbound.reading import Kind
from mailing.people.ledger import Kind as Said
from mailing.requests import incoming
from mailing.requests.kinds import Kind as RequestKind
from mailing.requests.requests import NewRequest, open_request
from tests.person import Person
from tests.requests.conftest import newest
from tests.requests.post import Post, claim_mails, requests_now, sure

STRANGER = "mallory@example.org"


def is_subscribed(_person: Person) -> None:
    return None


def has_withdrawn(person: Person) -> None:
    person.leave(kind=Said.WITHDRAWN)


def is_blocked(person: Person) -> None:
    person.leave(kind=Said.BLOCKED)
    claims_open = NewRequest(RequestKind.WITHDRAWAL, subscriber_id=person.id)
    open_request(claims_open)


def is_unknown(person: Person) -> None:
    person.address = "nobody@example.org"


def heard(by: Kind) -> tuple[str, str | None, str]:
    """The receipt that the stranger gets: its language, its words but for the number, its kind."""
    receipt = newest(AnswerKind.RECEIPT)
    said = answers.said_in(receipt)
    assert said is not None
    number = db.session.scalar(
        text("SELECT number FROM requests WHERE id = :id"), {"id": receipt.request_id}
    )
    assert receipt.digest is not None
    return str(receipt.language), said.text.replace(str(number), "N"), by.value


@pytest.mark.parametrize("where", ["reply_to", "return_path"])
@pytest.mark.parametrize("kind", [Kind.WITHDRAWAL, Kind.UNSUBSCRIBE, Kind.QUESTION])
@pytest.mark.parametrize("state", [is_subscribed, has_withdrawn, is_blocked])
def test_whoever_names_somebody_hears_the_same_whatever_they_are_to_us(
    person: Person, post: Post, kind: Kind, state: Callable[[Person], None], where: str
) -> None:
    db.session.execute(text("UPDATE subscribers SET language = 'ru'"))
    state(person)
    db.session.commit()
    named: dict[str, Any] = {where: person.address}
    post.comes(kind, STRANGER, **named)
    of_known = heard(kind)
    is_unknown(person)
    post.comes(kind, "another@example.org", **(named | {where: person.address}))
    assert heard(kind) == of_known


def test_a_receipt_speaks_the_person_s_language_to_themselves(person: Person, post: Post) -> None:
    db.session.execute(text("UPDATE subscribers SET language = 'ru'"))
    db.session.commit()
    post.comes(Kind.QUESTION, person.address)
    assert newest(AnswerKind.RECEIPT).language == "ru"


def test_a_stranger_s_stop_in_somebody_s_name_is_carried_out_and_shown(
    person: Person, post: Post
) -> None:
    """However sure its author is; the officer sees who asked for it."""
    taken = post.comes(Kind.UNSUBSCRIBE, STRANGER, reply_to=person.address)
    assert (taken.action, taken.subscriber) == ("left", person.id)
    assert person.said()[-1] == "unsubscribed all"
    assert requests_now() == [("unsubscribe", None, "open")]


def test_an_old_withdrawal_brought_again_is_asked_about(person: Person, post: Post) -> None:
    """Signed once, it can be sent on by anybody; what follows a withdrawal cannot be undone."""
    old = {"Date": format_datetime(clock.now() - timedelta(days=8))}
    taken = post.comes(Kind.WITHDRAWAL, person.address, header=old, **sure())
    assert (taken.action, person.said()[-1]) == ("blocked", "blocked all")
    assert len(claim_mails(person.id)) == 1


@pytest.mark.parametrize("date", ["", "soon"])
def test_a_withdrawal_without_a_date_is_one(person: Person, post: Post, date: str) -> None:
    """Whoever could take a date away could write another; a signed one stands."""
    taken = post.comes(Kind.WITHDRAWAL, person.address, header={"Date": date}, **sure())
    assert taken.action == "withdrawn"


def test_a_withdrawal_that_waited_here_and_is_read_by_staff_blocks_and_asks(
    person: Person, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Staff may read it weeks later."""
    taken = post.comes(Kind.UNCLEAR, person.address, **sure())
    moment = clock.now() + timedelta(days=30)
    monkeypatch.setattr(clock, "now", lambda: moment)
    assert incoming.act_as(taken.id, Kind.WITHDRAWAL, "staff 1").action == "blocked"
